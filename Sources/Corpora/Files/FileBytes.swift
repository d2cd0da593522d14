import Foundation

/// Writing bytes to an open file, and what stops it in words.
package enum FileBytes {
    /// Writes all bytes at the descriptor's position. `name` is for messages. Throws `diskFull` and `unwritable`.
    package static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws(CorporaError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, Array(rest), rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw problem(name, "write", bytes: rest.count) }
            rest = rest.dropFirst(count)
        }
    }

    /// The error of the system call that has just failed. `bytes` is what there was no room for.
    static func problem(_ name: String, _ operation: String, bytes: Int) -> CorporaError {
        let code = errno
        guard code == ENOSPC || code == EDQUOT else {
            return .unwritable(path: name, operation: operation, reason: String(cString: strerror(code)))
        }
        return .diskFull(path: name, bytes: bytes)
    }
}
