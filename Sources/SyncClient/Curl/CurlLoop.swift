import CLibcurl

/// The transport's thread: takes commands, lets libcurl work, and sleeps until something happens.
struct CurlLoop {
    private let multi: MultiHandle
    private let address: ServiceAddress
    private let configuration: CurlTransport.Configuration
    private var transfers: [HTTPTransferID: CurlTransfer] = [:]

    /// Milliseconds. libcurl shortens the sleep to its own next timer; with no transfer there is none.
    private static let longestSleep: Int32 = 3_600_000

    init(multi: MultiHandle, address: ServiceAddress, configuration: CurlTransport.Configuration) {
        self.multi = multi
        self.address = address
        self.configuration = configuration
    }

    consuming func run(takeCommands: () -> (commands: [CurlTransport.Command], isStopping: Bool)) {
        while true {
            let (commands, isStopping) = takeCommands()
            for command in commands { obey(command) }
            if isStopping { return cancelAll() }
            perform()
            curl_multi_poll(multi.pointer, nil, 0, endSilent(at: .now), nil)
        }
    }

    /// Ends the transfers that have been silent for too long; milliseconds until the next one can be.
    private mutating func endSilent(at now: ContinuousClock.Instant) -> Int32 {
        let patience = Duration.seconds(configuration.silenceSeconds)
        var sleep = Duration.milliseconds(Int64(Self.longestSleep))
        for (id, transfer) in transfers {
            let left = patience - transfer.silentSince(asOf: now).duration(to: now)
            if left <= .zero { remove(id)?.finish(CURLE_OPERATION_TIMEDOUT) } else { sleep = min(sleep, left) }
        }
        // Rounded up: a sleep that ends a moment early would be followed by many short ones.
        return Int32(sleep / .milliseconds(1)) + 1
    }

    private mutating func obey(_ command: CurlTransport.Command) {
        switch command {
        case .send(let id, let request, let receive):
            do throws(HTTPFailure) {
                let transfer = try CurlTransfer(id, limit: request.responseLimit, at: .now, receive: receive)
                try transfer.prepare(request, to: address, configuration)
                guard curl_multi_add_handle(multi.pointer, transfer.easy) == CURLM_OK else {
                    throw HTTPFailure.invalidRequest("there is not enough memory")
                }
                transfers[id] = transfer
            } catch {
                receive(.failed(error))
            }
        case .cancel(let id):
            remove(id)?.cancel()
        }
    }

    private mutating func remove(_ id: HTTPTransferID) -> CurlTransfer? {
        guard let transfer = transfers.removeValue(forKey: id) else { return nil }
        curl_multi_remove_handle(multi.pointer, transfer.easy)
        return transfer
    }

    private mutating func perform() {
        var running: Int32 = 0
        curl_multi_perform(multi.pointer, &running)
        var result = CURLE_OK
        while let easy = satchel_curl_next_done(multi.pointer, &result) {
            guard let context = satchel_curl_context(easy) else { continue }
            let id = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().id
            remove(id)?.finish(result)
        }
    }

    private mutating func cancelAll() {
        for id in transfers.keys.sorted(by: { $0.number < $1.number }) { remove(id)?.cancel() }
    }
}
