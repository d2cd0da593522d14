import DequeModule
import OrderedCollections
import Planning
import Scoring
import Wire

/// One policy's history: its latest `outcomesMax` outcomes, in the order in which they were recorded.
///
/// A text identifies a prompt: an id stands for the last text that was sent with it, and a record belongs to a text. So
/// a changed template begins a new record.
struct PolicyHistory {
    /// Outcomes kept; the driver keeps as many on disk.
    let outcomesMax: Int
    private(set) var outcomes: Deque<RecordedOutcome> = []
    /// Event ids of the outcomes kept. An older event may count again.
    private var events = GradualDictionary<String, Void>()
    /// By text: the numbers of its outcomes, ascending. A number is an index into `outcomes` plus `forgotten`.
    private var byText = GradualDictionary<TextKey, [Int]>()
    private var forgotten = 0
    /// By prompt id: the last text that was sent with it.
    private(set) var knownTexts = KnownTexts()
    /// Bytes of the outcomes, about. A text of several outcomes counts once.
    private(set) var outcomeBytes = 0
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
    /// Number of the latest request or report of the policy, or of a plan that it is a reference of. The policy with the
    /// lowest one is idle for the longest time.
    var lastUse: UInt64 = 0

    /// What an outcome needs in memory beside its texts and rewards, about.
    private static let outcomeBytes = 256

    init(outcomesMax: Int) {
        self.outcomesMax = outcomesMax
    }

    func contains(eventID: String) -> Bool { events[eventID] != nil }

    /// The last text that was sent with a prompt id.
    func text(of promptID: String) -> String? { knownTexts[promptID] }

    /// Keeps the text of a prompt; `false` when it was known already.
    @discardableResult
    mutating func name(_ promptID: String, _ text: String) -> Bool { knownTexts.set(promptID, text) }

    /// Keeps the texts of candidates; returns those that were not known.
    mutating func name(_ candidates: [PlanCandidate]) -> [NamedText] {
        var named: [NamedText] = []
        for candidate in candidates where knownTexts.set(candidate.promptID, candidate.text) {
            named.append(NamedText(promptID: candidate.promptID, text: candidate.text))
        }
        return named
    }

    /// Records that prompts were named by their ids alone.
    mutating func recordUse(of promptIDs: some Sequence<String>) {
        for promptID in promptIDs { knownTexts.recordUse(of: promptID) }
    }

    /// Forgets the text of a prompt.
    mutating func forgetText(of promptID: String) { knownTexts.remove(promptID) }

    /// Forgets the texts that were not used for the longest time while there are more bytes than a bound; returns their
    /// prompts.
    mutating func forgetTexts(beyond bytesMax: Int, of bytes: KeyPath<PolicyHistory, Int>) -> [String] {
        var forgotten: [String] = []
        while self[keyPath: bytes] > bytesMax, let promptID = knownTexts.removeOldest() { forgotten.append(promptID) }
        return forgotten
    }

    /// Forgets the oldest outcomes while there are more bytes than a bound; returns how many.
    mutating func forgetOutcomes(beyond bytesMax: Int) -> Int {
        let before = outcomes.count
        while bytes > bytesMax, !outcomes.isEmpty { forgetFirst() }
        return before - outcomes.count
    }

    /// Forgets the oldest outcomes and texts, as many as one entry of the journal does.
    mutating func reduce() {
        for _ in 0..<min(PlannerEntry.reducedRows, outcomes.count) { forgetFirst() }
        for _ in 0..<min(PlannerEntry.reducedRows, knownTexts.count) { _ = knownTexts.removeOldest() }
    }

    /// Bytes of outcomes and known texts, about. A text that is in both counts twice.
    var bytes: Int { outcomeBytes + knownTexts.bytes }

    /// Bytes of an outcome without its text.
    private static func bytes(of outcome: RecordedOutcome) -> Int {
        outcome.eventID.utf8.count + outcome.promptID.utf8.count + outcome.rewards.count * 8 + outcomeBytes
    }

    /// Records an outcome; an event that is known changes nothing. Returns whether its text was not known.
    @discardableResult
    mutating func record(_ outcome: RecordedOutcome) -> Bool {
        guard events[outcome.eventID] == nil else { return false }
        events[outcome.eventID] = ()
        var outcome = outcome
        let key = TextKey(outcome.text)
        if let known = byText.key(equalTo: key) {
            // Equal texts share their memory, because they count once.
            outcome.text = known.text
        } else {
            outcomeBytes += outcome.text.utf8.count
        }
        byText[key, default: []].append(forgotten + outcomes.count)
        outcomeBytes += Self.bytes(of: outcome)
        outcomes.append(outcome)
        let isNew = name(outcome.promptID, outcome.text)
        failed += outcome.failed
        started += outcome.n + outcome.failed
        Self.add(outcome, to: &lengths)
        latestVersion = max(latestVersion ?? outcome.version, outcome.version)
        if outcomes.count > outcomesMax { forgetFirst() }
        return isNew
    }

    /// Forgets the oldest outcome. Precondition: there is one.
    mutating func forgetFirst() {
        let outcome = outcomes.removeFirst()
        outcomeBytes -= Self.bytes(of: outcome)
        forgotten += 1
        events.removeValue(forKey: outcome.eventID)
        failed -= outcome.failed
        started -= outcome.n + outcome.failed
        Self.add(outcome, to: &lengths, sign: -1)
        let key = TextKey(outcome.text)
        byText[key]?.removeFirst()
        if byText[key]?.isEmpty == true {
            byText.removeValue(forKey: key)
            outcomeBytes -= outcome.text.utf8.count
        }
    }

    /// Outcomes from a number on, at most `count`, and the number of the first one behind them; `nil` at the end.
    func outcomes(from: Int, count: Int) -> ([RecordedOutcome], next: Int?) {
        let start = min(max(0, from.subtractingReportingOverflow(forgotten).partialValue), outcomes.count)
        let end = min(outcomes.count, start + max(0, min(count, outcomes.count)))
        return (Array(outcomes[start..<end]), end < outcomes.count ? forgotten + end : nil)
    }

    /// Drops the outcomes of a step and all later ones; returns how many. Their events may count again. Cost: linear.
    mutating func drop(stepsFrom step: Int) -> Int {
        let kept = outcomes.filter { !$0.isOf(stepsFrom: step) }
        let dropped = outcomes.count - kept.count
        guard dropped > 0 else { return 0 }
        outcomes = []
        events = GradualDictionary()
        byText = GradualDictionary()
        (forgotten, failed, started, latestVersion, outcomeBytes) = (0, 0, 0, nil, 0)
        lengths = AnswerLengths.Sum()
        // The texts stay those that were sent last.
        let known = knownTexts
        for outcome in kept { record(outcome) }
        knownTexts = known
        return dropped
    }

    /// Whether the history has outcomes of a text.
    func knows(_ text: String) -> Bool { knows(TextKey(text)) }

    /// The same, for a text whose hash is known.
    func knows(_ key: TextKey) -> Bool { byText[key] != nil }

    /// The latest outcome of a text; `nil` without one.
    func latestOutcome(of text: String) -> Outcome? { outcome(of: text, upTo: .max) }

    /// The latest outcome of a text by a version that is not later than one; `nil` without one.
    func outcome(of text: String, upTo version: Int) -> Outcome? {
        for number in (byText[TextKey(text)] ?? []).reversed() {
            let outcome = outcomes[number - forgotten]
            if outcome.version <= version, let known = Outcome(reward: outcome.reward, n: outcome.n) { return known }
        }
        return nil
    }

    /// Whether any outcome is of a version that is not later than one.
    func hasOutcome(before version: Int) -> Bool { outcomes.contains { $0.version <= version && $0.n > 0 } }

    /// The version of a text's latest outcome.
    func version(of text: String) -> Int? { byText[TextKey(text)]?.last.map { outcomes[$0 - forgotten].version } }

    /// The prompt's own record as a policy of a version sees it, without outcomes that are `staleFrom` steps old.
    func record(
        of key: TextKey, promptID: String, at version: Int, staleFrom: Int = .max
    ) throws(PlanningError) -> PromptRecord {
        let entries = (byText[key] ?? []).compactMap { number -> PromptRecord.Entry? in
            let outcome = outcomes[number - forgotten]
            let age = Self.age(of: outcome, at: version)
            guard outcome.n > 0, age < staleFrom else { return nil }
            return PromptRecord.Entry(
                k: min(Double(outcome.n), outcome.reward * Double(outcome.n)), n: outcome.n, age: Double(age))
        }
        return try PromptRecord(promptID: promptID, entries: entries)
    }

    /// Rows that may profile the policy: the latest outcome of each text that is not excluded, with its age.
    func rows(at version: Int, without isExcluded: (TextKey) -> Bool) -> [ContextSelection.Row] {
        byText.elements.compactMap { key, numbers in isExcluded(key) ? nil : row(key.text, numbers, at: version) }
    }

    /// The age of the row of a text; `nil` without one.
    func rowAge(of text: String, at version: Int) -> Double? {
        byText[TextKey(text)].flatMap { row(text, $0, at: version) }?.age
    }

    private func row(_ text: String, _ numbers: [Int], at version: Int) -> ContextSelection.Row? {
        for number in numbers.reversed() {
            let outcome = outcomes[number - forgotten]
            guard let known = Outcome(reward: outcome.reward, n: outcome.n) else { continue }
            return ContextSelection.Row(text: text, outcome: known, age: Double(Self.age(of: outcome, at: version)))
        }
        return nil
    }

    /// Steps between an outcome and a version. An outcome of later weights, from before the trainer went back, is as far
    /// away as one of earlier weights, and not fresh.
    private static func age(of outcome: RecordedOutcome, at version: Int) -> Int {
        min(abs(version - outcome.version), Int(UInt32.max))
    }

    /// Steps between a text's latest outcome and a version; `nil` without one.
    func age(of text: String, at version: Int) -> Int? { age(of: TextKey(text), at: version) }

    /// The same, for a text whose hash is known.
    func age(of key: TextKey, at version: Int) -> Int? {
        byText[key]?.last.map { Self.age(of: outcomes[$0 - forgotten], at: version) }
    }

    /// Expected tokens of an answer to a text: of its own answers, and of all of the policy; `nil` where none is known.
    func expectedLength(of text: String) -> Double? {
        var own = AnswerLengths.Sum()
        for number in byText[TextKey(text)] ?? [] { Self.add(outcomes[number - forgotten], to: &own) }
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
