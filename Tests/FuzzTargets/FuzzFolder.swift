import Foundation

/// A folder in memory for readers that read files; removed by the system's cleaning, because fuzzing ends by any signal.
enum FuzzFolder {
    private static let root: String = {
        let memory = "/dev/shm"
        let place = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        return "\(place)/statezero-fuzz-\(getpid())"
    }()

    /// Writes a file below a folder of the target; returns its path. A former file of the name is replaced.
    static func write(_ bytes: [UInt8], _ name: String, in folder: String) -> String {
        let folder = "\(root)/\(folder)"
        let path = "\(folder)/\(name)"
        var descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        if descriptor < 0 {
            try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0, bytes.isEmpty || Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
            fatalError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        close(descriptor)
        return path
    }

    /// Removes all files of this process.
    static func remove() {
        // It may not exist, where no target has written one.
        try? FileManager.default.removeItem(atPath: root)
    }
}

extension FuzzTarget {
    /// Removes the files that targets of this process have written.
    package static func removeFiles() { FuzzFolder.remove() }
}
