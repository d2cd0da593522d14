import Cluster
import Threads
import Transport
import ZeroMQ

// What a coordinator's driver starts: its socket and its other threads.
extension CoordinatorDriver {
    /// Trainers' messages from here on are decoded on the work thread.
    private static let undecodedBytesMin = 256 << 10
    /// Credit bounds the messages on their way to a worker, the window those on their way to a client: both are far
    /// fewer.
    private static let channelOptions = ChannelOptions(
        sendHighWater: 20_000, receiveHighWater: 20_000, outboxMax: 0, undecodedBytesMin: undecodedBytesMin)

    static func startThreads(
        _ configuration: CoordinatorNode.Configuration, _ wakeup: Wakeup
    ) throws(CoordinatorError) -> (JournalThread, WorkThread) {
        let journal = try JournalThread(configuration, wakeup: wakeup)
        do throws(CoordinatorError) {
            return (journal, try WorkThread(wakeup: wakeup))
        } catch {
            try journal.finish()
            throw error
        }
    }

    static func listen(
        at endpoints: [Endpoint], _ gate: PeerGate, wakeup: Wakeup
    ) throws(CoordinatorError) -> MessageChannel {
        ProcessMemory.returnBlocks(from: Int32(undecodedBytesMin))
        var options = channelOptions
        options.security = gate.security
        options.connections = ConnectionBounds()
        do throws(ZeroMQError) {
            return try MessageChannel(listeningAt: endpoints, options: options, wakeup: wakeup, context: gate.context)
        } catch {
            throw .socket(error)
        }
    }
}
