package import Corpora
import Scoring
package import Threads

/// Cuts shards on a thread of its own, up to eight ahead of the one that is asked for: reading a corpus takes about as long as
/// writing its parts, so both together halve the time of a run that is bounded by its client.
///
/// Shards, their order and errors are those of the cutter. Each request lets the thread cut one shard, so no queue is ever full.
/// Use it from one thread.
package final class ShardReader {
    /// A shard, and what was counted up to its end.
    package struct Cut: Sendable {
        package let shard: ShardCutter.Shard
        /// That of the shard, computed on the reading thread.
        package let affinity: UInt64
        package let counts: PromptCorpus.Counts
    }

    private enum Answer: Sendable {
        case cut(Cut)
        case ended([InputFile], PromptCorpus.Counts)
        case failed(CorporaError)
    }

    private static let ahead = 8

    private let requests: Mailbox<Int>
    private let answers: Mailbox<Answer>
    private let stop: StopFlag
    private let thread: DedicatedThread<Void, Never>
    private var waiting: ArraySlice<Answer> = []
    private var failure: CorporaError?
    /// The input files, once the corpus was read to its end.
    package private(set) var files: [InputFile]?
    /// Rows that were read up to the end of the last shard.
    package private(set) var counts = PromptCorpus.Counts()

    /// Starts the thread, which makes the cutter: what that throws, the first `next` throws.
    package init(
        _ makeCutter: @escaping @Sendable () throws(CorporaError) -> ShardCutter
    ) throws(ThreadError) {
        let requests = try Mailbox<Int>(capacity: Self.ahead)
        let answers = try Mailbox<Answer>(capacity: Self.ahead)
        let stop = StopFlag()
        (self.requests, self.answers, self.stop) = (requests, answers, stop)
        thread = DedicatedThread<Void, Never>.start(name: "corpus") { announce in
            announce(())
            do throws(CorporaError) {
                try Self.cut(try makeCutter(), requests, answers, until: stop)
            } catch {
                Self.send(.failed(error), to: answers)
            }
        }
        for shard in 0..<Self.ahead { ask(shard) }
    }

    deinit {
        stop.raise()
        requests.wakeup.signal()
        thread.join()
    }

    /// The next shard; `nil` at the end. Waits until it is there. Throws what stopped the reading, at each call from then on.
    package func next() throws(CorporaError) -> Cut? {
        if let failure { throw failure }
        guard files == nil else { return nil }
        while waiting.isEmpty {
            waiting = answers.drain()[...]
            if waiting.isEmpty { _ = answers.wakeup.wait(for: nil) }
        }
        switch waiting.removeFirst() {
        case .cut(let cut):
            ask(0)
            counts = cut.counts
            return cut
        case .ended(let all, let counts):
            (files, self.counts) = (all, counts)
            return nil
        case .failed(let error):
            failure = error
            throw error
        }
    }

    private func ask(_ shard: Int) {
        precondition(requests.send(shard) == .accepted, "more shards were asked for than were taken")
    }

    private static func cut(
        _ made: ShardCutter, _ requests: Mailbox<Int>, _ answers: Mailbox<Answer>, until stop: StopFlag
    ) throws(CorporaError) {
        var cutter = made
        while !stop.isRaised {
            let asked = requests.drain().count
            if asked == 0 { _ = requests.wakeup.wait(for: nil) }
            for _ in 0..<asked where !stop.isRaised {
                guard let shard = try cutter.next() else {
                    return send(.ended(cutter.files, cutter.counts), to: answers)
                }
                send(.cut(Cut(shard: shard, affinity: shard.affinity, counts: cutter.counts)), to: answers)
            }
        }
    }

    private static func send(_ answer: Answer, to answers: Mailbox<Answer>) {
        precondition(answers.send(answer) == .accepted, "a shard was cut that nobody asked for")
    }
}
