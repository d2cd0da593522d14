import DequeModule
import OrderedCollections
import Planning
import Scoring

/// One policy's history: its latest `outcomesMax` outcomes, in the order in which they were recorded.
///
/// A text identifies a prompt: an id stands for the last text that was sent with it, and a record belongs to a text. So
/// a changed template begins a new record.
struct PolicyHistory {
    /// Outcomes kept; the driver keeps as many on disk.
    let outcomesMax: Int
    private(set) var outcomes: Deque<RecordedOutcome> = []
    /// Event ids of the outcomes kept. An older event may count again.
    private var events: Set<String> = []
    /// By text: the numbers of its outcomes, ascending. A number is an index into `outcomes` plus `forgotten`.
    private var byText: [String: [Int]] = [:]
    private var forgotten = 0
    /// By prompt id: the last text that was sent with it.
    private var texts: OrderedDictionary<String, String> = [:]
    /// Rollouts that ended without a reward, and all rollouts, over the outcomes kept.
    private(set) var failed = 0
    private(set) var started = 0
    /// Tokens of all answers of known length, over the outcomes kept.
    private(set) var lengths = AnswerLengths.Sum()
    /// The newest version that has an outcome.
    private(set) var latestVersion: Int?
    /// λ of the plans that ended and are kept, by step, in the order of their ends.
    private var prices: OrderedDictionary<Int, Double> = [:]
    /// The trainer's starts.
    var attempts = PolicyAttempts()

    /// Texts kept for prompts that are named without one.
    static let textsMax = 262_144

    init(outcomesMax: Int) {
        self.outcomesMax = outcomesMax
    }

    func contains(eventID: String) -> Bool { events.contains(eventID) }

    /// The last text that was sent with a prompt id.
    func text(of promptID: String) -> String? { texts[promptID] }

    mutating func name(_ promptID: String, _ text: String) {
        if texts.updateValue(text, forKey: promptID) == nil, texts.count > Self.textsMax { texts.removeFirst() }
    }

    /// Records an outcome; an event that is known changes nothing.
    mutating func record(_ outcome: RecordedOutcome) {
        guard events.insert(outcome.eventID).inserted else { return }
        byText[outcome.text, default: []].append(forgotten + outcomes.count)
        outcomes.append(outcome)
        name(outcome.promptID, outcome.text)
        failed += outcome.failed
        started += outcome.n + outcome.failed
        Self.add(outcome, to: &lengths)
        latestVersion = max(latestVersion ?? outcome.version, outcome.version)
        if outcomes.count > outcomesMax { forgetFirst() }
    }

    private mutating func forgetFirst() {
        let outcome = outcomes.removeFirst()
        forgotten += 1
        events.remove(outcome.eventID)
        failed -= outcome.failed
        started -= outcome.n + outcome.failed
        Self.add(outcome, to: &lengths, sign: -1)
        byText[outcome.text]?.removeFirst()
        if byText[outcome.text]?.isEmpty == true { byText[outcome.text] = nil }
    }

    /// Drops the outcomes of a step and all later ones; returns how many. Their events may count again. Cost: linear.
    mutating func drop(stepsFrom step: Int) -> Int {
        let kept = outcomes.filter { !$0.isOf(stepsFrom: step) }
        let dropped = outcomes.count - kept.count
        guard dropped > 0 else { return 0 }
        outcomes = []
        events = []
        byText = [:]
        (forgotten, failed, started, latestVersion) = (0, 0, 0, nil)
        lengths = AnswerLengths.Sum()
        // The texts stay those that were sent last.
        let known = texts
        for outcome in kept { record(outcome) }
        texts = known
        return dropped
    }

    /// Whether the history has outcomes of a text.
    func knows(_ text: String) -> Bool { byText[text] != nil }

    /// The latest outcome of a text; `nil` without one.
    func latestOutcome(of text: String) -> Outcome? { outcome(of: text, upTo: .max) }

    /// The latest outcome of a text by a version that is not later than one; `nil` without one.
    func outcome(of text: String, upTo version: Int) -> Outcome? {
        for number in (byText[text] ?? []).reversed() {
            let outcome = outcomes[number - forgotten]
            if outcome.version <= version, let known = Outcome(reward: outcome.reward, n: outcome.n) { return known }
        }
        return nil
    }

    /// Whether any outcome is of a version that is not later than one.
    func hasOutcome(before version: Int) -> Bool { outcomes.contains { $0.version <= version && $0.n > 0 } }

    /// The version of a text's latest outcome.
    func version(of text: String) -> Int? { byText[text]?.last.map { outcomes[$0 - forgotten].version } }

    /// The prompt's own record as a policy of a version sees it, without outcomes that are `staleFrom` steps old.
    func record(
        of text: String, promptID: String, at version: Int, staleFrom: Int = .max
    ) throws(PlanningError) -> PromptRecord {
        let entries = (byText[text] ?? []).compactMap { number -> PromptRecord.Entry? in
            let outcome = outcomes[number - forgotten]
            let age = Self.age(of: outcome, at: version)
            guard outcome.n > 0, age < staleFrom else { return nil }
            return PromptRecord.Entry(
                k: min(Double(outcome.n), outcome.reward * Double(outcome.n)), n: outcome.n, age: Double(age))
        }
        return try PromptRecord(promptID: promptID, entries: entries)
    }

    /// Rows that may profile the policy: the latest outcome of each text that is not excluded, with its age.
    func rows(at version: Int, without isExcluded: (String) -> Bool) -> [ContextSelection.Row] {
        byText.compactMap { text, numbers in
            guard !isExcluded(text) else { return nil }
            for number in numbers.reversed() {
                let outcome = outcomes[number - forgotten]
                guard let known = Outcome(reward: outcome.reward, n: outcome.n) else { continue }
                return ContextSelection.Row(
                    text: text, outcome: known, age: Double(Self.age(of: outcome, at: version)))
            }
            return nil
        }
    }

    /// Steps between an outcome and a version. An outcome of later weights, from before the trainer went back, is as far
    /// away as one of earlier weights, and not fresh.
    private static func age(of outcome: RecordedOutcome, at version: Int) -> Int {
        min(abs(version - outcome.version), Int(UInt32.max))
    }

    /// Steps between a text's latest outcome and a version; `nil` without one.
    func age(of text: String, at version: Int) -> Int? {
        byText[text]?.last.map { Self.age(of: outcomes[$0 - forgotten], at: version) }
    }

    /// Expected tokens of an answer to a text: of its own answers, and of all of the policy; `nil` where none is known.
    func expectedLength(of text: String) -> Double? {
        var own = AnswerLengths.Sum()
        for number in byText[text] ?? [] { Self.add(outcomes[number - forgotten], to: &own) }
        return AnswerLengths.expected(of: own, among: lengths)
    }

    private static func add(_ outcome: RecordedOutcome, to sum: inout AnswerLengths.Sum, sign: Double = 1) {
        guard outcome.tokens > 0 else { return }
        sum.tokens += sign * Double(outcome.tokens)
        sum.rollouts += sign * Double(outcome.n + outcome.failed)
    }

    /// λ of the latest plan that ended.
    var price: Double? { prices.values.last }

    /// A plan has ended with a price.
    mutating func keep(_ price: Double, ofStep step: Int) {
        prices[step] = nil
        prices[step] = price
    }

    /// A plan is not kept any more.
    mutating func dropPrice(ofStep step: Int) { prices[step] = nil }

    /// The share of rollouts that ended without a reward.
    var failureRate: Double { started > 0 ? Double(failed) / Double(started) : 0 }
}
