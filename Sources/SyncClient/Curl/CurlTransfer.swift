import CLibcurl

/// One transfer in libcurl's hands. Touched only on the transport's thread.
final class CurlTransfer {
    let id: HTTPTransferID
    let easy: UnsafeMutableRawPointer
    private let receive: @Sendable (HTTPEvent) -> Void
    private let limit: Int
    private var requestHeaders: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var status = 0
    private var headers: [HTTPField] = []
    private var hasHead = false
    private var received = 0
    private var isTooLarge = false
    private var headerLines = 0
    /// Bytes that went either way, and when there were last more of them.
    private var activity: Int64 = -1
    private var lastActive: ContinuousClock.Instant

    /// Headers of a response that are kept; libcurl bounds their bytes.
    private static let headerLimit = 200

    init(
        _ id: HTTPTransferID, limit: Int, at now: ContinuousClock.Instant,
        receive: @escaping @Sendable (HTTPEvent) -> Void
    ) throws(HTTPFailure) {
        guard let easy = curl_easy_init() else { throw .invalidRequest("there is not enough memory") }
        self.id = id
        self.easy = easy
        self.receive = receive
        self.limit = limit
        lastActive = now
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(requestHeaders)
        errorText.deallocate()
    }
}

// MARK: - Setting up

extension CurlTransfer {
    func prepare(
        _ request: HTTPRequest, to address: ServiceAddress, _ configuration: CurlTransport.Configuration
    ) throws(HTTPFailure) {
        guard request.path.first == "/", !request.path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f })
        else {
            throw .invalidRequest("'\(request.path)' is no path")
        }
        satchel_curl_set_text(easy, CURLOPT_URL, address.origin + request.path)
        if let socket = address.unixSocket { satchel_curl_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, socket) }
        if address.isLocal { satchel_curl_set_text(easy, CURLOPT_PROXY, "") }
        satchel_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        // Debian's libcurl 7.88 fails on the second request of a cleartext HTTP/2 connection.
        let version = address.isSecure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        set(CURLOPT_HTTP_VERSION, version)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_PIPEWAIT, 1)
        set(CURLOPT_BUFFERSIZE, 128 << 10)
        set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectMilliseconds)
        satchel_curl_set_text(easy, CURLOPT_ACCEPT_ENCODING, "")
        try setBody(request)
        try setHeaders(request.headers)
        satchel_curl_set_callbacks(
            easy, Unmanaged.passUnretained(self).toOpaque(), Self.onBody, Self.onHeader, errorText)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        satchel_curl_set_long(easy, option, value)
    }

    private func setBody(_ request: HTTPRequest) throws(HTTPFailure) {
        if request.method == "GET", request.body.isEmpty { return }
        let code = request.body.withUnsafeBytes { bytes in
            // An empty array has no address, and libcurl would read the body from stdin.
            withUnsafeBytes(of: UInt8(0)) { empty in
                satchel_curl_set_body(easy, bytes.baseAddress ?? empty.baseAddress, bytes.count)
            }
        }
        guard code == CURLE_OK else { throw .invalidRequest("there is not enough memory for the body") }
        satchel_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setHeaders(_ fields: [HTTPField]) throws(HTTPFailure) {
        // Without this, libcurl waits a second for `100 Continue` before a large body.
        append("expect:")
        for field in fields {
            // The value may be a token, so the message leaves it out.
            guard Self.isToken(field.name), !field.value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
            else {
                throw .invalidRequest("the header '\(field.name)' holds control characters")
            }
            append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        satchel_curl_set_headers(easy, requestHeaders)
    }

    private func append(_ line: String) {
        requestHeaders = curl_slist_append(requestHeaders, line) ?? requestHeaders
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ":") }
    }
}

// MARK: - Silence

extension CurlTransfer {
    /// Since when nothing has gone either way.
    ///
    /// libcurl's own watch (CURLOPT_LOW_SPEED_TIME) wakes the process every second, all through a request that is
    /// held.
    func silentSince(asOf now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let moved = Int64(received) + Int64(headerLines) + satchel_curl_uploaded(easy)
        if moved != activity {
            activity = moved
            lastActive = now
        }
        return lastActive
    }
}

// MARK: - Receiving

extension CurlTransfer {
    private static let onBody: satchel_curl_write = { bytes, size, count, context in
        guard let context, let bytes else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
    }

    private static let onHeader: satchel_curl_write = { bytes, size, count, context in
        guard let context, let bytes else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
        return size * count
    }

    /// The count that was taken; another one ends the transfer.
    private func receive(body bytes: UnsafeRawBufferPointer) -> Int {
        received += bytes.count
        guard received <= limit else {
            isTooLarge = true
            return -1
        }
        receive(.bytes([UInt8](bytes)))
        return bytes.count
    }

    private func receive(header bytes: UnsafeRawBufferPointer) {
        headerLines += 1
        // Trailers come here too, after the body.
        guard !hasHead else { return }
        let line = String(decoding: bytes, as: UTF8.self)
        let text = line.utf8.last.map { $0 == 10 || $0 == 13 } == true ? line.trimmed : line
        if text.utf8.starts(with: "HTTP/".utf8) {
            status = satchel_curl_status(easy)
            headers = []
        } else if text.isEmpty {
            finishHead()
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), headers.count < Self.headerLimit {
            let value = text[text.utf8.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append(HTTPField(text[..<colon].lowercased(), String(value)))
        }
    }

    private func finishHead() {
        status = satchel_curl_status(easy)
        // An interim answer: the real one follows.
        guard status >= 200 else { return }
        hasHead = true
        receive(.head(HTTPResponseHead(status: status, headers: headers)))
    }

    /// The last event of the transfer.
    func finish(_ code: CURLcode) {
        if isTooLarge {
            receive(.failed(.tooLarge))
        } else if code == CURLE_OK {
            receive(hasHead ? .finished : .failed(.interrupted("the answer has no head")))
        } else {
            receive(.failed(Self.failure(code, message: message(code))))
        }
    }

    func cancel() { receive(.failed(.cancelled)) }

    private func message(_ code: CURLcode) -> String {
        let detailed = String(cString: errorText)
        return detailed.isEmpty ? String(cString: curl_easy_strerror(code)) : detailed
    }

    private static func failure(_ code: CURLcode, message: String) -> HTTPFailure {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY,
            CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            .unreachable(message)
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_OUT_OF_MEMORY: .invalidRequest(message)
        default: .interrupted(message)
        }
    }
}

extension String {
    /// Without the line's end.
    fileprivate var trimmed: String {
        var bytes = utf8[...]
        while let last = bytes.last, last == 10 || last == 13 { bytes = bytes.dropLast() }
        return String(Substring(bytes))
    }
}
