import Foundation

/// Paths of this program and of those in its folder, for starting further processes.
package enum OwnProgram {
    /// The file that this process runs.
    package static var path: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// `statezero` in the folder of this program. Throws `CommandFailure` when it is not there.
    package static var statezero: String {
        get throws {
            let path = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("statezero").path
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw CommandFailure("\(path): no such program; build it with `swift build -c release`")
            }
            return path
        }
    }
}
