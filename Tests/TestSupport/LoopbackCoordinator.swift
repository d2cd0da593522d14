import Foundation
import Synchronization
import Threads
import Transport
public import Wire
public import ZeroMQ

/// A coordinator for tests of its peers: listens on a Unix socket and answers each message by a function of the test.
///
/// The function is called on the coordinator's thread, for one message after the other.
public final class LoopbackCoordinator: Sendable {
    /// What a test answers to a message, given the routing id of its sender.
    public typealias Answer = @Sendable (_ message: Wire.Message, _ sender: [UInt8]) -> [Wire.Message]

    /// Where it listens.
    public let endpoint: Endpoint
    private let folder: ScratchFolder
    private let isStopping: StopFlag
    private let wakeup: Wakeup
    private let thread: DedicatedThread<Void, ZeroMQError>

    /// Starts; returns when it listens.
    public init(answer: @escaping Answer) throws {
        let folder = try ScratchFolder()
        let endpoint = try Endpoint("ipc://\(folder.file("socket"))")
        let (isStopping, wakeup) = (StopFlag(), try Wakeup())
        (self.folder, self.endpoint, self.isStopping, self.wakeup) = (folder, endpoint, isStopping, wakeup)
        thread = try DedicatedThread.start(name: "loopback") { announce throws(ZeroMQError) in
            let options = ChannelOptions(sendHighWater: 10_000, receiveHighWater: 10_000, outboxMax: 0)
            let channel = try MessageChannel(listeningAt: [endpoint], options: options, wakeup: wakeup)
            announce(())
            while !isStopping.isRaised {
                try channel.wait(for: .seconds(1))
                while let arrival = try channel.receive() {
                    guard case .message(let envelope, _, let sender) = arrival else { continue }
                    for message in answer(envelope.message, sender.routingID) {
                        _ = try channel.send(Envelope(generation: 1, message), to: sender.routingID)
                    }
                }
            }
        }
    }

    /// Stops; returns when the socket is closed.
    public func stop() throws {
        isStopping.raise()
        wakeup.signal()
        try thread.join()
    }
}
