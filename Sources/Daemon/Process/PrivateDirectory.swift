import Glibc

/// A directory that only its owner can enter, as a replica needs one.
package enum PrivateDirectory {
    /// Creates what is missing of the path, the last part with mode 0700.
    package static func create(_ path: String) throws(StartError) {
        var made = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            made += "/\(part)"
            let isLast = index == parts.count - 1
            if mkdir(made, isLast ? 0o700 : 0o755) != 0, errno != EEXIST {
                throw StartError("The directory \(made) cannot be made: \(SystemError.last). Choose another place.")
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw StartError("\(path) is no directory: choose another place.")
        }
    }
}
