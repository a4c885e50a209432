// swift-tools-version: 6.2
import PackageDescription

// One list of settings for every target: Swift 6 mode comes with the tools version, warnings are errors.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let http: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "JWTKit", package: "jwt-kit"),
]
let lifecycle: [Target.Dependency] = [
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
]

// The arrows of ARCHITECTURE.md, "Targets": what a target does not list it cannot import.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

/// `data`: files that tests read from where they lie.
func tests(_ name: String, data: [String] = [], _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: data, swiftSettings: settings)
}

let package = Package(
    name: "satchel",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "satchel", targets: ["satchel"]),
        .executable(name: "satcheld", targets: ["satcheld"]),
        .executable(name: "satchel-service", targets: ["satchel-service"]),
        .executable(name: "satchel-simulator", targets: ["satchel-simulator"]),
        .executable(name: "satchel-bench", targets: ["satchel-bench"]),
        .executable(name: "satchel-oracle", targets: ["satchel-oracle"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.0"),
    ],
    targets: [
        // C
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibcurlSystem", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CLibcurl", dependencies: ["CLibcurlSystem"]),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),

        // Core: no clock, no randomness, no I/O.
        library("SyncModel"),
        library("JSONText", ["CSimdjson"]),
        library("Shapes", ["SyncModel", "JSONText"]),
        library("ShapeEngine", ["SyncModel", "Shapes"]),
        library("Merge", ["SyncModel"]),
        library("DataModel", ["SyncModel", "Shapes", "Merge", "JSONText", yams]),
        library("TableStore", ["SyncModel", "Shapes", "ShapeEngine", grdb, sqlite]),
        library("SyncProtocol", ["SyncModel", "Shapes", "Merge", "DataModel", "JSONText"]),

        library("SharedOptions", [yams]),

        // Service side
        library("Postgres", ["SyncModel", "CLibpq"]),
        library(
            "SyncService",
            [
                "SyncModel", "JSONText", "Shapes", "ShapeEngine", "Merge", "DataModel", "TableStore", "SyncProtocol",
                "Postgres", "SharedOptions", grdb, logging, nioCore,
            ] + http + lifecycle),

        // Device side
        library(
            "SyncClient", ["SyncModel", "Shapes", "Merge", "SyncProtocol", "JSONText", "CLibcurl"]),
        library(
            "Replica",
            ["SyncModel", "JSONText", "Shapes", "ShapeEngine", "Merge", "DataModel", "TableStore", grdb]),
        library("JSONRPC", ["JSONText"]),
        library("JSONRPCTransport", ["JSONRPC"] + nio),
        library("DaemonProtocol", ["JSONRPC", "JSONText", "SyncModel", "Shapes"]),
        library(
            "Daemon",
            [
                "SyncModel", "JSONText", "Shapes", "ShapeEngine", "Merge", "DataModel", "SyncProtocol", "SyncClient",
                "Replica", "JSONRPC", "JSONRPCTransport", "DaemonProtocol", "SharedOptions", logging,
            ] + nio),

        // Proof
        library("SeededRandom"),
        library(
            "Simulation",
            [
                "SeededRandom", "SyncModel", "JSONText", "Shapes", "ShapeEngine", "Merge", "DataModel", "TableStore",
                "SyncProtocol",
                "SyncClient", "Replica", "SyncService", grdb,
            ]),

        library(
            "Oracle",
            ["SeededRandom", "SyncModel", "JSONText", "Shapes", "ShapeEngine", "SyncProtocol", "Postgres"]),

        // Programs: main and options only.
        library("ProgramMain", ["SyncModel", arguments]),
        program("satcheld", ["Daemon", "SyncModel", "ProgramMain", arguments, logging]),
        program(
            "satchel-service",
            ["SyncService", "SyncModel", "Postgres", "DataModel", "ProgramMain", arguments, logging]),
        program("satchel-simulator", ["Simulation", "ProgramMain", arguments]),
        program("satchel-bench", ["SeededRandom", "Postgres", "JSONText", sqlite, "ProgramMain", arguments]),
        program("satchel-oracle", ["Oracle", "Postgres", "ProgramMain", arguments]),
        .target(
            name: "PipelineFiles", dependencies: ["SyncModel", yams, crypto], path: "Clients/PipelineFiles",
            swiftSettings: settings),
        .target(
            name: "TerminalText", dependencies: ["JSONText", "DaemonProtocol", "JSONRPC", "SyncModel", "Shapes"],
            path: "Clients/TerminalText", swiftSettings: settings),
        program(
            "satchel", path: "Clients/Terminal",
            [
                "DaemonProtocol", "JSONRPC", "JSONText", "SyncModel", "PipelineFiles", "TerminalText", arguments,
            ]),

        // Tests
        tests("SyncModelTests", ["SyncModel"]),
        tests("TableStoreTests", ["TableStore", "ShapeEngine", "Shapes", "SyncModel", grdb]),
        .target(
            name: "PostgresTesting", dependencies: ["Postgres", "SyncModel"], path: "Tests/PostgresTesting",
            swiftSettings: settings),
        tests("SyncProtocolTests", ["SeededRandom", "SyncModel", "Shapes", "JSONText", "SyncProtocol"]),
        tests("SyncClientTests", ["SeededRandom", "SyncModel", "Shapes", "JSONText", "SyncProtocol", "SyncClient"]),
        tests("PostgresTests", ["SeededRandom", "Postgres", "SyncModel", "PostgresTesting"]),
        tests("JSONTextTests", ["SeededRandom", "JSONText"]),
        tests("JSONRPCTests", ["SeededRandom", "JSONRPC", "JSONText"]),
        tests("JSONRPCTransportTests", ["JSONRPCTransport", "JSONRPC", "JSONText"] + nio),
        .target(
            name: "TranscriptTesting", dependencies: ["JSONRPC", "JSONText"], path: "Tests/TranscriptTesting",
            swiftSettings: settings),
        tests(
            "DaemonProtocolTests",
            ["DaemonProtocol", "JSONRPC", "JSONText", "SyncModel", "Shapes", "TranscriptTesting"]),
        tests(
            "ShapesTests", data: ["Facts"],
            ["SeededRandom", "Shapes", "SyncModel", "JSONText", "Postgres", "PostgresTesting"]),
        tests(
            "OracleTests", data: ["EngineWorlds.txt"],
            ["Oracle", "satcheld", "satchel-service", "Postgres", "PostgresTesting"]),
        tests("ShapeEngineTests", ["SeededRandom", "ShapeEngine", "Shapes", "SyncModel"]),
        tests("MergeTests", ["SeededRandom", "Merge", "SyncModel"]),
        tests("DataModelTests", ["DataModel", "SyncModel", "Shapes", "Merge", "JSONText"]),
        tests("OperationsTests", ["SyncService", "Merge", "SyncModel", "JSONText", "Postgres", "PostgresTesting"]),
        tests(
            "ReplicaTests",
            [
                "SeededRandom", "Replica", "SyncModel", "JSONText", "Shapes", "ShapeEngine", "Merge", "DataModel",
                "TableStore", grdb, sqlite,
            ]),
        tests(
            "DaemonTests",
            [
                "SeededRandom", "Daemon", "satcheld", "SyncModel", "JSONText", "Shapes", "SyncProtocol", "SyncClient",
                "Replica", "JSONRPC", "JSONRPCTransport", "DaemonProtocol", "TranscriptTesting", "satchel-service",
                "Postgres", "PostgresTesting", logging, arguments,
            ] + nio),
        tests(
            "SimulationTests", data: ["seeds.txt"],
            [
                "SeededRandom", "Simulation", "SyncService", "SyncClient", "SyncProtocol", "SyncModel", "Shapes",
                "Merge", "JSONText", "Postgres", "PostgresTesting",
            ]),
        tests("BenchTests", ["satchel-bench", "JSONText", arguments]),
        tests("PipelineFileTests", ["SeededRandom", "PipelineFiles", "SyncModel"]),
        tests(
            "TerminalTests",
            [
                "SeededRandom", "satchel", "TerminalText", "PipelineFiles", "DaemonProtocol", "JSONRPC", "JSONText",
                "SyncModel", "Shapes", arguments,
            ]),
        tests(
            "SyncServiceTests",
            [
                "SeededRandom", "SharedOptions", "SyncService", "SyncModel", "SyncProtocol", "Shapes", "ShapeEngine",
                "TableStore", "JSONText", "Postgres", "PostgresTesting", logging, grdb,
            ] + http),
    ],
    cxxLanguageStandard: .cxx17
)
