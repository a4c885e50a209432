import ArgumentParser

/// The parser calls a command that there is not an unexpected argument of the one before it.
enum UnknownCommand {
    /// What to say; nil where the arguments begin with a command that there is, or with none.
    static func message(_ arguments: [String], root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = [name(root)]
        for argument in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return nil }
            guard let next = subcommands.first(where: { name($0) == argument }) else {
                let what = (path + [argument]).joined(separator: " ")
                return "There is no command `\(what)`: \(path.joined(separator: " ")) has "
                    + "\(subcommands.map(name).joined(separator: ", "))."
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
