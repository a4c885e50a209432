import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SyncModel
import SyncProtocol

/// The service's routes on Hummingbird. Each handler reads, checks who is asking, calls what decides, and
/// turns errors into answers; nothing is decided here.
package struct Routes: Sendable {
    let service: ServiceState

    package func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/") { _, _ in Response(status: .ok) }
        router.get("/v1/health") { request, _ in health(request) }
        router.head("/v1/health") { request, _ in health(request) }
        router.get("/v1/schema") { request, _ in await guarded { try await schema(request) } }
        router.post("/v1/sync") { request, _ in await guarded { try await sync(request) } }
        router.post("/v1/operations") { request, _ in await guarded { try await operations(request) } }
        router.post("/v1/explain") { request, _ in await guarded { try await explain(request) } }
        router.get("/v1/shape") { request, _ in await guarded { try await shape(request) } }
        router.head("/v1/shape") { request, _ in await guarded { try await shape(request) } }
        router.post("/v1/shape") { request, _ in await guarded { try await shape(request) } }
        router.delete("/v1/shape") { _, _ in
            Self.respond(405, [], Array(#"{"message":"DELETE not allowed"}"#.utf8))
        }
        router.add(middleware: NotFound())
        return router
    }

    // MARK: - Routes

    private func health(_ request: Request) -> Response {
        let status = service.health
        return Self.respond(
            status == "active" ? 200 : 202, [("cache-control", "no-cache, no-store, must-revalidate")],
            service.healthBody(status, withMetrics: request.uri.queryParameters["metrics"] == "true"))
    }

    private func schema(_ request: Request) async throws -> Response {
        _ = try await service.authenticator.person(request.headers)
        let answer = try service.schema()
        let etag = "\"\(answer.tag)\""
        if request.headers[.ifNoneMatch] == etag { return Self.respond(304, [("etag", etag)], []) }
        return Self.respond(200, [("etag", etag), ("cache-control", "private, no-cache")], answer.body)
    }

    private func sync(_ request: Request) async throws -> Response {
        let person = try await service.authenticator.person(request.headers)
        let parsed = try Self.parse(try await Self.body(request), SyncRequest.init(body:))
        let body = try await service.sync.answer(parsed, from: person)
        return Self.respond(200, [("content-type", ServiceHeader.jsonLines), ("cache-control", "no-store")], body)
    }

    private func operations(_ request: Request) async throws -> Response {
        let person = try await service.authenticator.person(request.headers)
        let parsed = try Self.parse(try await Self.body(request), OperationsRequest.init(body:))
        let answer = try await service.operations.answer(parsed, from: person)
        return Self.respond(200, [("cache-control", "no-store")], answer.body)
    }

    private func explain(_ request: Request) async throws -> Response {
        let person = try await service.authenticator.person(request.headers)
        let parsed = try Self.parse(try await Self.body(request), ExplainRequest.init(body:))
        let answer = try await service.explain.answer(parsed, from: person)
        return Self.respond(200, [("cache-control", "no-store")], answer.body)
    }

    private func shape(_ request: Request) async throws -> Response {
        let person = try await service.authenticator.person(request.headers)
        var answer = await service.electric.answer(
            // Keys come as they were sent: `params%5B1%5D`.
            query: request.uri.queryParameters.map {
                (String($0.key).removingPercentEncoding ?? String($0.key), String($0.value))
            },
            isGet: request.method != .post, from: person)
        answer.revalidate(ifNoneMatch: request.headers[.ifNoneMatch])
        let origin = request.headers[.origin] ?? "*"
        return Self.respond(
            answer.status,
            answer.headers + [
                ("electric-server", "satchel-service"), ("access-control-allow-origin", origin),
                ("access-control-expose-headers", ElectricAnswer.exposedHeaders),
                ("access-control-allow-methods", "GET, POST, HEAD, DELETE, OPTIONS"),
            ], answer.body)
    }

    // MARK: - Answers

    private static func body(_ request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: ProtocolLimits.requestBytes)
        } catch is NIOTooManyBytesError {
            throw ServiceError.tooLarge("the request's bytes", ProtocolLimits.requestBytes)
        }
    }

    /// Not inlined, like `respond`: what they need would stand in the frames of all requests that wait.
    @inline(never) private static func parse<Parsed>(
        _ body: ByteBuffer, _ read: ([UInt8]) throws -> Parsed
    ) throws -> Parsed {
        try read(Array(body.readableBytesView))
    }

    private func guarded(_ body: () async throws -> Response) async -> Response {
        do {
            return try await body()
        } catch {
            return Self.respond(known(error))
        }
    }

    @inline(never) private func known(_ error: any Error) -> ServiceError {
        switch error {
        case let known as ServiceError: return known
        case let http as HTTPError where http.status == .contentTooLarge:
            return .tooLarge("the request's bytes", ProtocolLimits.requestBytes)
        case is CancellationError: return ServiceError(.notReady, "the service is stopping")
        default:
            service.report("request failed: \(error)")
            return ServiceError(.internal, "the service failed: see its log")
        }
    }

    @inline(never) private static func respond(_ error: ServiceError) -> Response {
        var headers: [(name: String, value: String)] = [("cache-control", "no-store")]
        if error.code == .notReady { headers.append((ServiceHeader.retryAfter, "1")) }
        return respond(error.code.status, headers, error.body)
    }

    @inline(never) private static func respond(
        _ status: Int, _ headers: [(name: String, value: String)], _ body: [UInt8]
    ) -> Response {
        var fields = HTTPFields()
        if !headers.contains(where: { $0.name == "content-type" }) {
            fields[.contentType] = "application/json; charset=utf-8"
        }
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

/// Electric's answer to an unknown path: plain text.
private struct NotFound: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return Response(
                status: .notFound, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "Not found")))
        }
    }
}
