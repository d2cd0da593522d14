import Glibc

/// The listening TCP sockets of libzmq: while they are paused the system answers no new connection. A peer's system tries
/// again, after one second at first; connections that exist are not touched.
///
/// libzmq accepts what comes, and a ROUTER reads whatever a connection sends. A connection that was opened, filled and reset
/// within a millisecond can be cut off no more, so many of them need a bound before they are accepted: a socket filter (see
/// socket(7), `SO_ATTACH_FILTER`) drops their first packets.
struct Listeners {
    /// `struct sock_filter` of Linux.
    private struct Instruction {
        var code: UInt16
        /// Where a comparison continues, if it is true and if not.
        var jumps: (UInt8, UInt8)
        var value: UInt32
    }

    /// `struct sock_fprog` of Linux.
    private struct Program {
        var count: UInt16
        var instructions: UnsafeMutablePointer<Instruction>
    }

    private static let attachFilter: Int32 = 26
    private static let detachFilter: Int32 = 27
    /// "Return a number": how many bytes of the packet are kept.
    private static let returnValue: UInt16 = 0x06

    private var descriptors: Set<Int32> = []
    private(set) var isPaused = false

    mutating func add(_ descriptor: Int32) {
        descriptors.insert(descriptor)
        if isPaused { Self.pause(descriptor) }
    }

    mutating func remove(_ descriptor: Int32) { descriptors.remove(descriptor) }

    mutating func setPaused(_ paused: Bool) {
        guard paused != isPaused else { return }
        isPaused = paused
        for descriptor in descriptors { paused ? Self.pause(descriptor) : Self.resume(descriptor) }
    }

    private static func pause(_ descriptor: Int32) {
        var nothing = Instruction(code: returnValue, jumps: (0, 0), value: 0)
        withUnsafeMutablePointer(to: &nothing) { instructions in
            var program = Program(count: 1, instructions: instructions)
            let size = socklen_t(MemoryLayout<Program>.size)
            _ = setsockopt(descriptor, SOL_SOCKET, attachFilter, &program, size)
        }
    }

    private static func resume(_ descriptor: Int32) {
        var unused: Int32 = 0
        _ = setsockopt(descriptor, SOL_SOCKET, detachFilter, &unused, socklen_t(MemoryLayout<Int32>.size))
    }
}
