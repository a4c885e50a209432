/// `satchel status`, which prompts ask for again and again, read past the argument parser: that one takes longer to
/// look at all commands than the daemon to answer. Whatever is more than plain is left to the parser, which says what
/// is wrong.
struct PlainStatus: Equatable {
    private(set) var socket: String?
    private(set) var json = false

    /// nil: not plain.
    init?(_ arguments: [String]) {
        guard arguments.first == "status" else { return nil }
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            if argument == "--json", !json {
                json = true
            } else if argument == "--socket", socket == nil, let path = rest.popFirst(), !path.hasPrefix("-") {
                socket = path
            } else {
                return nil
            }
        }
    }

    func run() throws { try StatusCommand.run(socket: socket, json: json) }
}
