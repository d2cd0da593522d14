package import Foundation

/// Writes one line to standard error. A closed standard error is ignored.
package func printError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}

/// Writes text and a line end to standard output.
package func printOutput(_ text: String) throws { try writeOutput(Array((text + "\n").utf8)) }

/// Writes bytes to standard output. A closed pipe ends the command quietly: its reader has enough. Throws
/// `CommandFailure` where the bytes cannot be written, as on a full disk.
package func writeOutput(_ bytes: [UInt8]) throws {
    // What `print` has kept comes first.
    fflush(nil)
    guard let code = writeAll(bytes, to: STDOUT_FILENO) else { return }
    if code == EPIPE { throw ExitStatus.done }
    throw CommandFailure("standard output: cannot be written: \(String(cString: strerror(code)))")
}

/// Writes bytes to a descriptor; returns the number of the error that stopped it.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(descriptor, rest, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return count < 0 ? errno : EIO }
        rest.removeFirst(count)
    }
    return nil
}

/// Writes text to a file, whole or not at all. A link stays, and the file that it leads to is written; a pipe or a device
/// is written to. Throws `CommandFailure` with the path and the reason.
package func writeFile(_ text: String, to path: String) throws {
    try writeFile(Array(text.utf8), to: path)
}

/// Writes bytes to a file in the same way.
package func writeFile(_ bytes: [UInt8], to path: String) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    // Links such as /dev/stdout lead to pipes that have no path: such an end has no attributes.
    let facts = try? FileManager.default.attributesOfItem(atPath: target(of: path))
    do {
        if exists, !isFolder.boolValue, facts?[.type] as? FileAttributeType != .typeRegular {
            return try writeStream(bytes, to: path)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: target(of: path)), options: .atomic)
    } catch let failure as CommandFailure {
        throw failure
    } catch {
        throw CommandFailure("\(path): cannot be written: \(reason(of: error))")
    }
}

/// The file that a path leads to, through links whose last may lead to nothing yet.
private func target(of path: String) -> String {
    var path = path
    for _ in 0..<40 {
        guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
        path = next.hasPrefix("/") ? next : URL(fileURLWithPath: path).deletingLastPathComponent().path + "/" + next
    }
    return path
}

private func writeStream(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw CommandFailure("\(path): cannot be opened: \(String(cString: strerror(errno)))")
    }
    let problem = writeAll(bytes, to: descriptor)
    let closing = close(descriptor) == 0 ? nil : errno
    guard let code = problem ?? closing else { return }
    throw CommandFailure("\(path): cannot be written: \(String(cString: strerror(code)))")
}

/// Reads a whole file. Throws `CommandFailure` with the path and the reason.
package func readFile(_ path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw CommandFailure("\(path): cannot be read: \(String(cString: strerror(errno)))")
    }
    return data
}

/// Makes a folder and the folders above it. Throws `CommandFailure` with the path and the reason.
package func makeFolder(_ path: String) throws {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw CommandFailure("\(path): cannot be created: \(reason(of: error))")
    }
}

/// The reason of an error of Foundation, as a short sentence.
package func reason(of error: any Error) -> String {
    error.localizedDescription.replacing("The operation could not be completed. ", with: "")
}
