import DaemonProtocol
import Foundation
import JSONRPC
import JSONText
import Shapes
import SyncModel
import Synchronization

/// A daemon's socket with a table store of its own behind it: enough for every command, nothing is synced.
final class FakeDaemon: Sendable {
    struct State {
        var tables: [String: [String: [String: Value]]] = [:]
        var status = SyncStatus(
            state: .synced, text: "All changes saved", isOnline: true, user: "ana", replica: ReplicaID("r1"),
            service: "http://127.0.0.1:1", storage: .file)
        var queueLimit = 1_000_000
        var queued = 0
        var submits: [Int] = []
        var refusals = 0
        var shapeStatus = ShapeStatus.live
        /// Rows of one page.
        var page = 7
        var operations: [OperationDetail] = []
        var failures: FailedRows?
        var missingTables: Set<String> = []
        var holdsShapes = true
        var enteredView: String? = "team"
        var unusedShapes = ["s3", "s2"]
        var waitError: ResponseError?
        /// `sync/wait` is answered once `released` is signalled.
        var holdsWait = false
        /// `sync/resume` is answered with the status before, and the one after follows as a notification.
        var comesOnlineAfterResume = false
    }

    let folder: URL
    let path: String
    private let state: Mutex<State>
    private let listener: Int32
    let released = DispatchSemaphore(value: 0)

    init(_ state: consuming State = State()) throws {
        self.state = Mutex(state)
        folder = FileManager.default.temporaryDirectory.appending(
            path: "satchel-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "s").path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
        }
        guard result == 0, listen(listener, 8) == 0 else { throw POSIXError(.EIO) }
        let descriptor = listener
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                serve(connection)
                close(connection)
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(at: folder)
    }

    func with<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        try state.withLock { state in
            // The compiler cannot see that nothing of the state leaves.
            nonisolated(unsafe) let body = body
            return try body(&state)
        }
    }

    private func serve(_ connection: Int32) {
        var decoder = FrameDecoder()
        var session = JSONRPCSession()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            decoder.feed(Array(buffer.prefix(count)))
            while let frame = try? decoder.next() {
                switch session.received(Incoming(frame: frame)) {
                case .deliver(let request):
                    if request.method == WaitForSync.method, with({ $0.holdsWait }) { released.wait() }
                    for message in state.withLock({ FakeAnswers.messages(to: request, &$0) }) {
                        send(message, to: connection)
                    }
                    _ = session.answered(request.id, isError: false)
                case .send(let response): send(response.serialized(), to: connection)
                case .close: return
                case .ignore, .notify, .cancel: continue
                }
            }
        }
    }

    private func send(_ message: [UInt8], to connection: Int32) {
        var bytes: [UInt8] = []
        Framing.contentLength.append(message, to: &bytes)
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes {
                Foundation.send(
                    connection, $0.baseAddress.map { $0 + start }, bytes.count - start, Int32(MSG_NOSIGNAL))
            }
            guard written > 0 else { return }
            start += written
        }
    }
}

/// What the fake daemon answers.
enum FakeAnswers {
    /// The answer, and notifications around it.
    static func messages(to request: Request, _ state: inout FakeDaemon.State) -> [[UInt8]] {
        var notifications: [JSONRPC.Notification] = []
        let outcome: Response.Outcome
        do {
            outcome = .result(try result(of: request, &state, &notifications))
        } catch let error as ResponseError {
            outcome = .error(error)
        } catch {
            outcome = .error(ResponseError(.internalError, "\(error)"))
        }
        let before = SyncStatusChanged.notification(state.status).serialized()
        return [before, Response(id: request.id, outcome: outcome).serialized()]
            + notifications.map { $0.serialized() }
    }

    private static func result(
        of request: Request, _ state: inout FakeDaemon.State, _ notifications: inout [JSONRPC.Notification]
    ) throws -> JSON {
        switch request.method {
        case Initialize.method:
            return DaemonInfo(
                serverInfo: ProgramInfo(name: "fake", version: nil), instance: "i", replica: ReplicaID("r1"),
                user: state.status.user, service: state.status.service, stateDirectory: "/", limits: []
            ).json
        case ReadSyncStatus.method, SyncNow.method: return state.status.json
        case ResumeSync.method where state.comesOnlineAfterResume:
            let before = state.status
            state.status.state = .synced
            state.status.text = "All changes saved"
            notifications.append(SyncStatusChanged.notification(state.status))
            return before.json
        case PauseSync.method, ResumeSync.method:
            state.status.isPaused = request.method == PauseSync.method
            state.status.text = state.status.isPaused ? "Working offline" : "All changes saved"
            return state.status.json
        case WaitForSync.method:
            if let error = state.waitError { throw error }
            return state.status.json
        case ReadShape.method: return try page(ReadShape.params(of: request), state).json
        case SubscribeShape.method:
            let params = try SubscribeShape.params(of: request)
            let first = try page(ReadShape.Params(source: .definition(params.definition)), state)
            notifications.append(change())
            return SubscribeShape.Result(subscription: "s1", page: first).json
        case ListViews.method: return names.json
        case EnterView.method:
            let params = try EnterView.params(of: request)
            guard names.views.contains(where: { $0.name == params.name }) else {
                throw ResponseError(.invalidShape, "view: there is no view `\(params.name)`; the data model has: team")
            }
            let first = try page(ReadShape.Params(source: .subscription("v1")), state)
            let part = EnterView.ViewSubscription(shape: "teams", subscription: "v1", isKept: false, page: first)
            return EnterView.Result(subscriptions: [part]).json
        case LeaveView.method:
            defer { state.enteredView = nil }
            let forgets = try LeaveView.params(of: request).forget
            return LeaveView.Result(left: state.enteredView, shapes: forgets ? state.unusedShapes : nil).json
        case ListShapes.method:
            let held = ShapeSummary(
                shape: "s1", definition: ["root_table": "teams"], status: .live, rows: 3, bytes: 1_536, subscribers: 0,
                lag: 20, firstSync: 3_200)
            return ListShapes.Result(shapes: state.holdsShapes ? [held] : []).json
        case ForgetShape.method:
            switch try ForgetShape.params(of: request).target {
            case .unused: return ForgetShape.Result(shapes: state.unusedShapes).json
            case .shape("s1"): return ForgetShape.Result(shapes: ["s1"]).json
            case .shape(let shape): throw ResponseError(.unknownShape, "This device holds no shape \(shape).")
            }
        case ExplainShape.method:
            let params = try ExplainShape.params(of: request)
            if case .definition(let asked) = params.source, asked["name"] == "nosuch" {
                throw ResponseError(.invalidShape, "There is no shape nosuch: the data model has teams.")
            }
            guard params.wait > 0, case .definition(let definition) = params.source else {
                throw ResponseError(.timeout, "The service has not answered.")
            }
            let found = Explanation(isFound: definition["name"] == "teams", isMember: true, nodes: [])
            let held = ExplainShape.Held(isHeld: true, shapes: ["s1"], operations: [])
            return ExplainShape.Result(
                origin: .service, reason: nil, position: "5", explanation: found, device: held
            ).json
        case SubmitOperations.method:
            return try submit(SubmitOperations.params(of: request), &state, &notifications).json
        case ListOperations.method:
            let counts = [ListOperations.Count(.queued, Int64(state.queued))]
            return ListOperations.Result(operations: state.operations.map(\.summary), counts: counts).json
        case ShowOperation.method:
            let id = try ShowOperation.params(of: request).id
            guard let found = state.operations.first(where: { $0.summary.id == id }) else {
                throw ResponseError(.unknownOperation, "There is no operation \(id).")
            }
            return found.json
        case RetryOperation.method:
            let id = try RetryOperation.params(of: request).id
            if state.operations.contains(where: { $0.summary.id == id && $0.summary.state == .confirmed }) {
                throw ResponseError(.invalidOperation, "Operation \(id) is confirmed: there is nothing to try again.")
            }
            return RetryOperation.Result(operations: state.operations.map(\.summary).filter { $0.id == id }).json
        case CancelOperation.method:
            let params = try CancelOperation.params(of: request)
            if params.id == OperationID("abcd") {
                throw ResponseError(.unknownOperation, "There is no operation abcd.")
            }
            if !params.withDependents, params.id == OperationID("refused") {
                return CancelOperation.Result(operations: [params.id], dependents: [OperationID("x")]).json
            }
            guard params.withDependents else {
                throw ResponseError(
                    .invalidOperation, "Operation \(params.id) stays, because operation x builds on it.")
            }
            return CancelOperation.Result(operations: [params.id, OperationID("x")]).json
        default: throw ResponseError(.methodNotFound, "There is no method \(request.method).")
        }
    }

    private static let names = ListViews.Result(
        views: [
            ListViews.View(
                name: "team", about: "A team's start.",
                parameters: [ListViews.Parameter(name: "id", type: "uuid")], shapes: ["teams"]),
            ListViews.View(name: "empty", parameters: [], shapes: ["teams"]),
        ],
        shapes: [ListViews.Shape(name: "teams", parameters: [ListViews.Parameter(name: "id", type: "uuid")])],
        entered: ListViews.Entered(name: "team", parameters: ["id": "7"]))

    private static func change() -> JSONRPC.Notification {
        let change = ViewChange(
            operation: .update, table: TableName("teams"), key: KeyValues([.init("id", "1")]),
            value: ColumnValues([.init("name", "new\u{1b}[2J")]), isPending: true)
        let part = ShapeChanged.Changes(subscription: "s1", status: .live, changes: [change])
        return ShapeChanged.notification(ShapeChanged.Params(sequence: 5, subscriptions: [part]))
    }

    private static func page(_ params: ReadShape.Params, _ state: FakeDaemon.State) throws -> ShapePage {
        let definition: JSON
        switch params.source {
        case .definition(let plain): definition = plain
        // That of the view.
        case .subscription("v1"): definition = ["name": "teams"]
        case .subscription: throw ResponseError(.unknownSubscription, "There is no such subscription.")
        }
        if let name = definition["name"]?.string, !names.shapes.contains(where: { $0.name == name }) {
            throw ResponseError(.invalidShape, "There is no shape \(name): the data model has teams.")
        }
        if definition["where"]?.string?.contains("wrong") == true {
            throw ResponseError(.invalidShape, "where: At character 17: syntax error at end of input")
        }
        guard let root = (definition["root_table"] ?? definition["name"])?.string else {
            throw ResponseError(.invalidShape, "root_table: is missing.")
        }
        guard !state.missingTables.contains(root) else {
            throw ResponseError(.invalidShape, "root_table: Table public.\(root) does not exist, or is not published.")
        }
        var rows = rows(of: root, state)
        if let team = definition["where"]?["team_id"]?.string {
            rows = rows.filter { $0.value["team_id"]?.text?.string == team }
        }
        if let id = definition["where"]?["id"]?.string {
            rows = rows.filter { $0.value["id"]?.text?.string == id }
        }
        let roots = Set(rows.compactMap { $0.value["id"]?.text })
        for table in definition["include"]?.object?.keys ?? [] {
            let children = FakeAnswers.rows(of: table, state)
            rows += children.filter { $0.value["pipeline_id"]?.text.map(roots.contains) ?? false }
            if table == "comments" { rows += FakeAnswers.rows(of: "users", state) }
        }
        let start = params.cursor.flatMap(Int.init) ?? 0
        let end = min(start + state.page, rows.count)
        // What has come of a first sync is for those alone who ask for it.
        if state.shapeStatus == .initial, !params.isPartial {
            return ShapePage(status: .initial, sequence: 4, rows: [])
        }
        return ShapePage(
            status: state.shapeStatus, sequence: 4, rows: rows[start..<end].map { placed($0, params) },
            next: end < rows.count ? String(end) : nil, isComplete: state.shapeStatus != .initial,
            failures: state.failures)
    }

    /// The last key comes first.
    private static func placed(_ row: ViewRow, _ params: ReadShape.Params) -> ViewRow {
        guard params.withPlaces else { return row }
        let place = row.key.fields.flatMap { Array($0.text.string.utf8) }.map { String(255 - Int($0)) }
        return ViewRow(
            table: row.table, key: row.key, value: row.value, isPending: row.isPending,
            place: Text((place + ["~"]).joined(separator: " ")))
    }

    private static func rows(of table: String, _ state: FakeDaemon.State) -> [ViewRow] {
        (state.tables[table] ?? [:]).sorted { Text($0.key) < Text($1.key) }.map { key, values in
            let fields = values.sorted { Text($0.key) < Text($1.key) }
            return ViewRow(
                table: TableName(table), key: KeyValues([.init("id", Text(key))]),
                value: ColumnValues(fields.map { .init($0.key, $0.value) }), isPending: false)
        }
    }

    private static func submit(
        _ params: SubmitOperations.Params, _ state: inout FakeDaemon.State,
        _ notifications: inout [JSONRPC.Notification]
    ) throws -> SubmitOperations.Result {
        guard state.queued + params.operations.count <= state.queueLimit else {
            state.refusals += 1
            // All that waited is confirmed now.
            if params.operations.count == 1 {
                state.queued = 0
                notifications.append(OperationsChanged.notification(.init(operations: [])))
            }
            throw ResponseError(
                .queueFull, "The queue holds \(state.queueLimit) operations, which is the limit.")
        }
        for operation in params.operations where state.tables[operation.table.name] == nil {
            throw ResponseError(.invalidOperation, "There is no table \(operation.table.name).")
        }
        if !params.isDryRun {
            state.queued += params.operations.count
            state.submits.append(params.operations.count)
            for operation in params.operations { apply(operation, &state) }
        }
        return SubmitOperations.Result(
            operations: params.operations.indices.map { .init(id: OperationID("o\($0)"), state: .queued) },
            sequence: 1, isDryRun: params.isDryRun)
    }

    private static func apply(_ operation: SubmittedOperation, _ state: inout FakeDaemon.State) {
        let key = operation.key.fields.map(\.text.string).joined(separator: "/")
        var row = state.tables[operation.table.name]?[key] ?? [:]
        for field in operation.key.fields { row[field.column] = .text(field.text) }
        for field in operation.set.fields { row[field.column] = field.value }
        state.tables[operation.table.name]?[key] = operation.action == .delete ? nil : row
    }
}
