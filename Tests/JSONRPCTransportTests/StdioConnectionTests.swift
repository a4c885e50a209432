import Foundation
import JSONRPC
import JSONText
import NIOCore
import NIOPosix
import Testing

@testable import JSONRPCTransport

@Suite(.timeLimit(.minutes(2))) struct StdioConnectionTests {
    private static let session =
        TestClient.initialize + #"{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]}"# + "\n"
    private static let answers = [
        #"{"jsonrpc":"2.0","id":0,"result":null}"#, #"{"jsonrpc":"2.0","id":1,"result":[1]}"#,
    ]

    @Test func talksOverPipesUntilTheInputEnds() async throws {
        let input = Pipe()
        let output = Pipe()
        let handler = RecordingHandler()
        let connection = try await StdioConnection.start(
            input: dup(input.fileHandleForReading.fileDescriptor),
            output: dup(output.fileHandleForWriting.fileDescriptor),
            group: .singletonMultiThreadedEventLoopGroup, handler: handler
        ).get()
        try output.fileHandleForWriting.close()
        try input.fileHandleForWriting.write(contentsOf: Data(Self.session.utf8))
        try input.fileHandleForWriting.close()
        let client = TestClient(descriptor: output.fileHandleForReading.fileDescriptor)
        #expect([client.line(), client.line()] == Self.answers)
        #expect(client.line() == nil)
        try await connection.closed().get()
        #expect(handler.log.last == "closed")
    }

    @Test func talksOverFiles() async throws {
        try await withTemporaryDirectory { directory in
            let input = directory + "/in"
            let output = directory + "/out"
            _ = FileManager.default.createFile(atPath: input, contents: Data(Self.session.utf8))
            _ = FileManager.default.createFile(atPath: output, contents: nil)
            let connection = try await StdioConnection.start(
                input: open(input, O_RDONLY), output: open(output, O_WRONLY),
                group: .singletonMultiThreadedEventLoopGroup, handler: RecordingHandler()
            ).get()
            try await connection.closed().get()
            let written = try String(contentsOfFile: output, encoding: .utf8)
            #expect(written == Self.answers.map { $0 + "\n" }.joined())
        }
    }

    @Test func closesWhenNobodyReadsTheOutputAnyMore() async throws {
        let input = Pipe()
        let output = Pipe()
        let handler = RecordingHandler()
        let connection = try await StdioConnection.start(
            input: dup(input.fileHandleForReading.fileDescriptor),
            output: dup(output.fileHandleForWriting.fileDescriptor),
            group: .singletonMultiThreadedEventLoopGroup, handler: handler
        ).get()
        try output.fileHandleForWriting.close()
        try output.fileHandleForReading.close()
        try input.fileHandleForWriting.write(contentsOf: Data(Self.session.utf8))
        try await connection.closed().get()
        #expect(handler.log.last == "closed")
    }
}
