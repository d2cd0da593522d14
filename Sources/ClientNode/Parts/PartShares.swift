import Corpora
import Wire

/// Collects who answered the shards of a part, and lists each worker once with the ranges of its shards.
struct PartShares {
    private struct Who: Hashable {
        let worker: WorkerLabel?
        let verifiedBy: [WorkerLabel]
        let isUnverified: Bool
    }

    fileprivate struct Work {
        var rows = 0
        var ranges: [ClosedRange<UInt32>] = []
    }

    private var order: [Who] = []
    private var works: [Who: Work] = [:]

    /// Adds a shard's answer; shards must arrive in ascending order. An answer that names nobody adds nothing.
    mutating func add(_ answer: ShardAnswer) {
        for source in answer.sources {
            let who = Who(worker: source.worker, verifiedBy: source.verifiedBy, isUnverified: source.isUnverified)
            if works[who] == nil { order.append(who) }
            works[who, default: Work()].add(answer.shard, rows: source.rows)
        }
    }

    var shares: [RunWorkers.Share] {
        order.map { who in
            let work = works[who] ?? Work()
            return RunWorkers.Share(
                worker: who.worker?.name, key: who.worker?.key,
                verifiedBy: who.verifiedBy.map { RunWorkers.Verifier(worker: $0.name, key: $0.key) },
                isUnverified: who.isUnverified ? true : nil, rows: work.rows, shards: work.text)
        }
    }
}

extension PartShares.Work {
    fileprivate mutating func add(_ shard: UInt32, rows more: Int) {
        rows += more
        if let last = ranges.last, last.upperBound == shard { return }
        if let last = ranges.last, last.upperBound + 1 == shard {
            ranges[ranges.count - 1] = last.lowerBound...shard
        } else {
            ranges.append(shard...shard)
        }
    }

    fileprivate var text: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
