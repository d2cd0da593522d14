import Cluster
import Scoring
import Testing
import Wire

/// A planner under random events from a seed: trainers and rollout workers that send every message that can be decoded,
/// a coordinator's machine that answers late or never, and restarts of the planner.
///
/// Every message to the planner is encoded and decoded first, so only valid messages arrive. Every message from it must
/// be decodable too.
struct HostilePlannerWalk {
    private(set) var planner: PlannerState
    private(set) var now: Instant = .zero
    private(set) var problems: [String] = []
    /// Events and messages by kind, so that a walk without any is found.
    private(set) var counts = Counts()
    private var draw: AbsurdMessages
    private var generation: UInt64 = 1
    private var journal: [PlannerEntry] = []
    /// Shards that the coordinator's machine was given and has not answered.
    private var shards: [SubmitShard] = []
    private var closed: Set<JobID> = []
    /// Work that is not done yet; a driver does it on another thread.
    private var works: [PlannerWork] = []

    struct Counts {
        var events = 0
        var plansEnded = 0
        var assignments = 0
        var rewardsRecorded = 0
        var groupsDone = 0
        var refusals = 0
        var restarts = 0
    }

    /// Bounds so small that every one of them is met.
    private static let configuration: PlannerState.Configuration = {
        var configuration = PlannerState.Configuration()
        configuration.plansMax = 3
        configuration.candidatesMax = 400
        configuration.outcomesMax = 40
        configuration.policiesMax = 3
        configuration.requestsMax = 3
        configuration.rolloutWorkersMax = 3
        configuration.trainersMax = 3
        configuration.rolloutLeaseTime = .seconds(20)
        configuration.historyBytesMax = 40_000
        configuration.textBytesMax = 8000
        configuration.workBytesMin = 2000
        configuration.workBytesMax = 20_000
        return configuration
    }()

    init(seed: UInt64) {
        draw = AbsurdMessages(seed: seed)
        planner = PlannerState(Self.configuration, generation: 1)
    }

    mutating func step() {
        counts.events += 1
        switch draw.below(100) {
        case 0..<60:
            let peer = draw.peer()
            receive(draw.message(from: peer), from: peer)
        case 60..<76: answer()
        case 76..<78: handle(.unroutable(draw.peer()))
        case 78: draw.below(2) == 0 ? handle(.joinedLocally(Self.local)) : handle(.leftLocally(Self.local))
        case 79: receive(draw.message(from: Self.local), from: Self.local)
        case 80: handle(.fromCoordinator(.whoAreYou))
        case 82..<90 where !works.isEmpty: handle(.worked(works.remove(at: draw.below(works.count)).run()))
        case 81 where draw.below(4) == 0: restart()
        default: wait(.milliseconds(draw.below(4) == 0 ? draw.below(12_000) : draw.below(300)))
        }
        problems += planner.brokenInvariants
    }

    private static let local = Peer([0x6C, 1, 0, 0, 0, 0, 0, 0, 0])

    /// Passes a message on, if it can be decoded.
    private mutating func receive(_ message: Message, from peer: Peer) {
        guard let envelope = try? Envelope(frames: Envelope(generation: generation, message).frames) else { return }
        handle(.received(envelope, from: peer))
    }

    /// Passes a message on, and checks the invariants.
    mutating func receiveAndCheck(_ message: Message, from peer: Peer) {
        receive(message, from: peer)
        problems += planner.brokenInvariants
    }

    mutating func wait(_ duration: Duration) {
        let end = now + duration
        while let deadline = planner.nextDeadline, deadline <= end {
            now = max(now, deadline)
            handle(.tick)
            // A driver would ask again and again for a deadline that a tick does not change.
            if planner.nextDeadline.map({ $0 <= now }) == true {
                problems.append("a tick at \(now) does not change its deadline")
                break
            }
        }
        now = end
    }

    private mutating func restart() {
        counts.restarts += 1
        generation += 1
        let before = planner
        planner = PlannerState(Self.configuration, generation: generation, replaying: journal)
        if !planner.isDurablyEqual(to: before) { problems.append("the replay is another state than the one before it") }
        shards = []
        works = []
        draw.forgetAssignments()
    }

    private mutating func handle(_ event: PlannerState.Event) {
        carryOut(planner.handle(event, at: now))
    }

    private mutating func carryOut(_ actions: [PlannerState.Action]) {
        for action in actions {
            switch action {
            case .journal(let entry): journal.append(entry)
            case .log: break
            case .work(let work): works.append(work)
            case .toCoordinator(let message): coordinate(message)
            case .send(let envelope, _): read(envelope)
            }
        }
    }

    /// A simple coordinator's machine: it has a model two times out of three, and keeps shards to be answered later.
    private mutating func coordinate(_ message: Message) {
        switch message {
        case .hello(let hello):
            let model = draw.below(3) == 0 ? nil : Samples.model
            let welcome = Welcome(
                incarnation: hello.incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30),
                fingerprint: model)
            carryOut(planner.handle(.fromCoordinator(.welcome(welcome)), at: now))
        case .submitJob(let submit):
            guard draw.below(12) == 0 else { return }
            let refusal = draw.below(2) == 0 ? JobRefusal.capacity : .fingerprint
            carryOut(planner.handle(.fromCoordinator(.jobRefused(submit.job, refusal, message: "no")), at: now))
        case .submitShard(let shard): shards.append(shard)
        case .closeJob(let job): shards.removeAll { $0.job == job }
        default: break
        }
    }

    private mutating func answer() {
        guard !shards.isEmpty else { return }
        let place = draw.below(shards.count)
        let shard = draw.below(20) == 0 ? shards[place] : shards.remove(at: place)
        let answers = draw.answers(shard.content.count)
        let faults = (0..<answers.count).filter { answers[$0] == nil }.map {
            RowFault(row: UInt32($0), code: "prediction_failed", message: "no")
        }
        handle(
            .fromCoordinator(
                .shardAnswer(ShardAnswer(job: shard.job, shard: shard.shard, answers: answers, faults: faults))))
    }

    private mutating func read(_ envelope: Envelope) {
        switch envelope.message {
        case .planEnd: counts.plansEnded += 1
        case .assignment(let assignment):
            counts.assignments += 1
            draw.remember(assignment)
        case .rewardsRecorded(let recorded): if recorded.verdict == .recorded { counts.rewardsRecorded += 1 }
        case .groupDone: counts.groupsDone += 1
        case .requestRefused: counts.refusals += 1
        default: break
        }
        do throws(WireError) {
            let received = try Envelope(frames: envelope.frames)
            if received != envelope { problems.append("\(envelope) arrives as \(received)") }
        } catch {
            problems.append("\(envelope) cannot be read: \(error)")
        }
    }
}
