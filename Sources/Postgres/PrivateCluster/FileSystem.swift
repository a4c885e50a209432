import Glibc
import SyncModel

/// The few file operations that a private cluster needs.
enum FileSystem {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Names in a directory, without `.` and `..`; empty where it cannot be read.
    static func entries(of path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// At most `limit` bytes from the end of a file; empty where it cannot be read.
    static func tail(of path: String, limit: Int = 4096) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        fseek(file, max(0, ftell(file) - limit), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = fread(&bytes, 1, limit, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Makes a directory, or takes one that is there, with these rights and owner.
    static func makeDirectory(_ path: String, mode: mode_t, owner: ServerAccount?) throws(PostgresError) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("make the directory", path) }
        guard chmod(path, mode) == 0 else { throw failure("set the rights of", path) }
        try change(owner: owner, of: path)
    }

    /// Writes a small text file whole: readers see the old or the new one.
    static func write(_ text: String, to path: String, owner: ServerAccount?) throws(PostgresError) {
        let temporary = path + ".new"
        guard let file = fopen(temporary, "we") else { throw failure("write", temporary) }
        let bytes = Array(text.utf8)
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        guard fclose(file) == 0, isWritten else { throw failure("write", temporary) }
        try change(owner: owner, of: temporary)
        guard rename(temporary, path) == 0 else { throw failure("replace", path) }
    }

    static func append(_ text: String, to path: String) throws(PostgresError) {
        guard let file = fopen(path, "ae") else { throw failure("open", path) }
        let bytes = Array(text.utf8)
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        guard fclose(file) == 0, isWritten else { throw failure("write", path) }
    }

    static func move(_ old: String, to new: String) throws(PostgresError) {
        guard rename(old, new) == 0 else { throw failure("rename to \(new)", old) }
    }

    /// Removes a directory with all that is in it. One that is not there is fine.
    static func removeTree(_ path: String) throws(PostgresError) {
        try ServerCommand(program: "/bin/rm", arguments: ["-rf", "--", path], account: nil).run()
    }

    /// Holds an exclusive lock on `path` (made if missing) while `body` runs; waits for it.
    static func locked<Result>(
        _ path: String, _ body: () throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("open", path) }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("lock", path) }
        }
        return try body()
    }

    /// Without symbolic links; nil where the path leads nowhere.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Whether a process of this user works in `directory` (a real path); nil where that cannot be told.
    static func hasProcess(in directory: String, of user: uid_t) -> Bool? {
        var isCertain = true
        for name in entries(of: "/proc") where Int(name) != nil {
            var status = stat()
            guard stat("/proc/\(name)", &status) == 0, status.st_uid == user else { continue }
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink("/proc/\(name)/cwd", &buffer, buffer.count)
            // A process that is ending, or a zombie, works nowhere.
            if count < 0, errno == EACCES { isCertain = false }
            if count > 0,
                Text(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
                    == Text(directory)
            {
                return true
            }
        }
        return isCertain ? false : nil
    }

    private static func change(owner: ServerAccount?, of path: String) throws(PostgresError) {
        guard let owner else { return }
        guard chown(path, owner.userID, owner.groupID) == 0 else {
            throw failure("change the owner of", path)
        }
    }

    private static func failure(_ what: String, _ path: String) -> PostgresError {
        PostgresError(.clusterFailed, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
