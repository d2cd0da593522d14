import Foundation
import TestSupport
import Testing
import ZeroMQ

@Suite("binding and connecting")
struct BindingTests {
    @Test("an error for a port in use names the port and what to do")
    func portInUse() throws {
        let context = try Context()
        let first = try Socket(.router, in: context, options: SocketOptions())
        let endpoint = try first.bind(try Endpoint("tcp://127.0.0.1:0"))
        let second = try Socket(.router, in: context, options: SocketOptions())
        let error = #expect(throws: ZeroMQError.self) { try second.bind(endpoint) }
        let expected =
            "cannot bind \(endpoint): it is in use by another process; "
            + "choose another port or path, or stop that process"
        #expect(error?.description == expected)
    }

    @Test("a Unix socket that a process listens at is not deleted")
    func pathInUse() throws {
        let folder = try ScratchFolder()
        let context = try Context()
        let endpoint = try folder.endpoint("taken")
        let first = try Socket(.pull, in: context, options: SocketOptions())
        _ = try first.bind(endpoint)
        let second = try Socket(.pull, in: context, options: SocketOptions())
        #expect(throws: ZeroMQError.failed(.bind, endpoint: "\(endpoint)", errno: EADDRINUSE)) {
            try second.bind(endpoint)
        }
        let push = try Socket(.push, in: context, options: SocketOptions())
        try push.connect(endpoint)
        try deliver([Frame("still here")], to: push)
        #expect(try nextMessage(first) == [Frame("still here")])
    }

    @Test("the Unix socket of a killed process is replaced")
    func stalePath() throws {
        let folder = try ScratchFolder()
        let endpoint = try folder.endpoint("stale")
        let path = folder.path + "/stale"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(descriptor)
        #expect(FileManager.default.fileExists(atPath: path))

        let pull = try Socket(.pull, in: try Context(), options: SocketOptions())
        #expect(try pull.bind(endpoint) == endpoint)
    }

    @Test("a file that is not a socket is not deleted")
    func pathOfFile() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/notes"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        let pull = try Socket(.pull, in: try Context(), options: SocketOptions())
        let endpoint = try folder.endpoint("notes")
        #expect(throws: ZeroMQError.ipcPathTaken(path: path)) { try pull.bind(endpoint) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("precious".utf8))
    }

    @Test("an error names a missing folder")
    func missingFolder() throws {
        let folder = try ScratchFolder()
        let pull = try Socket(.pull, in: try Context(), options: SocketOptions())
        let endpoint = try folder.endpoint("no/such")
        let error = #expect(throws: ZeroMQError.self) { try pull.bind(endpoint) }
        #expect(
            error?.description == "cannot bind \(endpoint): the folder of the socket does not exist; create it first")
    }

    @Test("an error says that an address belongs to another machine")
    func foreignAddress() throws {
        // 192.0.2.0/24 is reserved for documentation; no machine has such an address.
        let pull = try Socket(.pull, in: try Context(), options: SocketOptions())
        let error = #expect(throws: ZeroMQError.self) { try pull.bind(try Endpoint("tcp://192.0.2.1:5555")) }
        #expect(error?.description.contains("no interface of this machine has this address") == true)
    }

    @Test("a wildcard cannot be connected to")
    func wildcard() throws {
        let push = try Socket(.push, in: try Context(), options: SocketOptions())
        #expect(throws: ZeroMQError.self) { try push.connect(try Endpoint("tcp://*:5555")) }
        #expect(throws: ZeroMQError.self) { try push.connect(try Endpoint("tcp://127.0.0.1:0")) }
    }

    @Test("every kind of error names the operation, the endpoint and the next step")
    func errorTexts() {
        let bind = { ZeroMQError.failed(.bind, endpoint: "tcp://127.0.0.1:80", errno: $0).description }
        #expect(bind(EACCES).contains("permission denied; choose a port above 1023"))
        #expect(bind(EMFILE).contains("ulimit -n"))
        #expect(bind(EIO).contains("errno \(EIO)"))
        #expect(bind(EIO).hasPrefix("cannot bind tcp://127.0.0.1:80: "))
        #expect(ZeroMQError.terminated(.poll).description.contains("was shut down"))
    }

    @Test("a libzmq with known security holes is refused, the running one is accepted")
    func libraryVersion() throws {
        #expect(throws: ZeroMQError.libraryTooOld(found: LibraryVersion(4, 3, 2), oldest: LibraryVersion(4, 3, 3))) {
            try LibraryVersion(4, 3, 2).requireAccepted()
        }
        try LibraryVersion(4, 3, 3).requireAccepted()
        try LibraryVersion(4, 10, 0).requireAccepted()
        try LibraryVersion.running.requireAccepted()
    }

    @Test("a context without threads is refused, and an error says when all its sockets are in use")
    func contextLimits() throws {
        #expect(throws: ZeroMQError.optionOutOfRange(name: "ioThreads", value: "0", range: "1 to 64")) {
            try Context(ioThreads: 0)
        }
        let context = try Context(socketsMax: 2)
        let first = try Socket(.pair, in: context, options: SocketOptions())
        let second = try Socket(.pair, in: context, options: SocketOptions())
        let error = #expect(throws: ZeroMQError.self) {
            _ = try Socket(.pair, in: context, options: SocketOptions())
        }
        #expect(error?.description.contains("socketsMax") == true)
        #expect(first.kind == .pair && second.kind == .pair)
    }
}
