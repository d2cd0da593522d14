import Cluster
import Scoring
import Testing
import Wire

/// A coordinator under random events from a seed: workers and clients that join, leave, report wrong progress, send old
/// results and copies, and restarts of the coordinator itself.
struct CoordinatorWalk {
    private(set) var bench = CoordinatorBench()
    private var random: SeededGenerator
    /// Pieces ever lent; any may be answered at any time.
    private var lent: [PieceName] = []
    /// Entries that say a shard is answered, since its job was opened.
    private var answered: [JobID: Set<UInt32>] = [:]
    private var journalRead = 0
    private(set) var durableChanges = 0
    private var problems: [String] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// What went wrong, a sentence each.
    var broken: [String] {
        let replayed = CoordinatorState(replaying: bench.journal).durable
        return problems
            + (replayed == bench.state.durable ? [] : ["the replay is \(replayed), not \(bench.state.durable)"])
    }

    mutating func step() {
        let worker = Int.random(in: 1...6, using: &random)
        let number = Int.random(in: 1...3, using: &random)
        let job = Samples.job(number)
        // Mostly the job's own client, sometimes another one.
        let client = Peer([0xC0 + UInt8(random.unit() < 0.9 ? number : Int.random(in: 1...3, using: &random))])
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<4: bench.join(worker)
        case 4..<8: beat(worker)
        case 8..<16: answer(from: worker)
        case 16..<24: submit(job, client)
        case 24..<28:
            do { try bench.open(job, context: job == Samples.job(1) ? 1 : 2, client: client) } catch {
                problems.append("\(error)")
            }
        case 28: bench.receive(.confirm(job, below: UInt32.random(in: 0...6, using: &random)), from: client)
        case 29: bench.receive(.closeJob(job), from: client)
        case 30: bench.receive(.bye, from: random.unit() < 0.5 ? client : CoordinatorBench.peer(worker))
        case 31: bench.handle(.unroutable(random.unit() < 0.3 ? client : CoordinatorBench.peer(worker)))
        case 32: bench.receive(.drain, from: CoordinatorBench.peer(worker))
        case 33:
            guard let piece = lent.randomElement(using: &random) else { return }
            let reason: ReturnReason = random.unit() < 0.5 ? .overCredit : .draining
            bench.receive(.shardReturned(piece, reason), from: CoordinatorBench.peer(worker))
        case 34:
            // A new incarnation of a worker; elsewhere the number is both peer and incarnation.
            let hello = Hello(
                role: .worker(Samples.model, CoordinatorBench.credit), name: "w\(worker)", incarnation: random.next())
            bench.receive(.hello(hello), from: CoordinatorBench.peer(worker))
        case 35 where random.unit() < 0.3: bench = CoordinatorBench(replaying: bench.journal)
        default: bench.wait(.milliseconds(Int.random(in: 1...3000, using: &random)))
        }
        read()
    }

    private mutating func beat(_ worker: Int) {
        bench.beat(
            worker, progress: UInt64.random(in: 0...50, using: &random),
            naming: lent.filter { _ in random.unit() < 0.1 },
            credit: random.unit() < 0.1 ? .none : CoordinatorBench.credit)
    }

    private mutating func answer(from worker: Int) {
        // Mostly something lent lately, now and then something long forgotten.
        let pieces = random.unit() < 0.8 ? lent.suffix(6) : lent[...]
        guard let piece = pieces.randomElement(using: &random) else { return }
        bench.receive(
            Samples.result(piece, progress: UInt64.random(in: 0...50, using: &random)),
            from: CoordinatorBench.peer(worker))
    }

    private mutating func submit(_ job: JobID, _ client: Peer) {
        let index = UInt32.random(in: 0..<30, using: &random)
        bench.submit(Samples.shard(index, of: job, rows: 1 + Int(index) % 7), client: client)
    }

    /// Reads what the step did: pieces lent, shards answered, each once and rightly.
    private mutating func read() {
        for case .send(let envelope, _) in bench.actions {
            if case .shard(let piece, _, _) = envelope.message { lent.append(piece) }
        }
        for entry in bench.journal[journalRead...] {
            durableChanges += 1
            switch entry {
            case .jobOpened(let id, _): answered[id] = []
            case .shardAnswered(let answer):
                if answered[answer.job]?.insert(answer.shard).inserted != true {
                    problems.append("\(answer.job) \(answer.shard) was answered twice")
                }
                let rows = 1 + Int(answer.shard) % 7
                let isRight =
                    answer.faults.isEmpty
                    ? answer.answers == Samples.answers(rows: rows)
                    : answer.faults.allSatisfy { $0.code == "worker_died" }
                if !isRight || answer.answers.count != rows {
                    problems.append("shard \(answer.shard) has wrong answers")
                }
            default: break
            }
        }
        journalRead = bench.journal.count
    }
}
