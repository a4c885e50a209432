import ArgumentParser

/// The parser calls a command that there is not an unexpected argument of the one before it, and `help` of it shows
/// what it can.
enum UnknownCommand {
    /// What to say; nil where the arguments begin with a command that there is, or with none.
    static func message(_ arguments: [String], root: any ParsableCommand.Type) -> String? {
        let isHelp = arguments.first == "help"
        var command = root
        var path = [name(root)]
        for argument in isHelp ? arguments.dropFirst() : arguments[...] {
            let subcommands = command.configuration.subcommands
            guard isHelp || !subcommands.isEmpty, !argument.hasPrefix("-") else { return nil }
            guard let next = subcommands.first(where: { name($0) == argument }) else {
                let names = subcommands.isEmpty ? "none below it" : subcommands.map(name).joined(separator: ", ")
                let known = path.joined(separator: " ")
                return "There is no command `\(known) \(argument)`: \(known) has \(names)."
            }
            command = next
            path.append(argument)
        }
        return nil
    }

    private static func name(_ command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }
}
