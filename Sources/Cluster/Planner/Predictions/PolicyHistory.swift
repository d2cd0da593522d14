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
    /// Numbers of `outcomes`, ascending, in the order in which they came. A number is not used again, so those of outcomes that
    /// were dropped are missing.
    private var numbers: Deque<Int> = []
    private var nextNumber = 0
    /// Event ids of the outcomes kept. An older event may count again.
    private var events = GradualDictionary<String, Void>()
    /// By text: the numbers of its outcomes, ascending.
    private var byText = GradualDictionary<TextKey, [Int]>()
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

    /// Forgets the oldest outcomes until there are so many at most.
    mutating func forgetOutcomes(keeping count: Int) {
        while outcomes.count > max(0, count) { forgetFirst() }
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
        var outcome = outcome
        let key = TextKey(outcome.text)
        // Equal texts share their memory, because they count once.
        if let known = byText.key(equalTo: key) { outcome.text = known.text }
        outcomes.append(outcome)
        numbers.append(nextNumber)
        enter(outcome, of: key, number: nextNumber)
        nextNumber += 1
        let isNew = name(outcome.promptID, outcome.text)
        if outcomes.count > outcomesMax { forgetFirst() }
        return isNew
    }

    /// Adds an outcome to what is known of all that are kept.
    private mutating func enter(_ outcome: RecordedOutcome, of key: TextKey, number: Int) {
        events[outcome.eventID] = ()
        let texts = byText.count
        byText[key, default: []].append(number)
        if byText.count > texts { outcomeBytes += outcome.text.utf8.count }
        outcomeBytes += Self.bytes(of: outcome)
        failed += outcome.failed
        started += outcome.n + outcome.failed
        Self.add(outcome, to: &lengths)
        latestVersion = max(latestVersion ?? outcome.version, outcome.version)
    }

    /// Forgets the oldest outcome. Precondition: there is one.
    mutating func forgetFirst() {
        leave(outcomes.removeFirst(), number: numbers.removeFirst())
    }

    /// Takes an outcome out of what is known of all that are kept.
    private mutating func leave(_ outcome: RecordedOutcome, number: Int) {
        outcomeBytes -= Self.bytes(of: outcome)
        events.removeValue(forKey: outcome.eventID)
        failed -= outcome.failed
        started -= outcome.n + outcome.failed
        Self.add(outcome, to: &lengths, sign: -1)
        let key = TextKey(outcome.text)
        if byText[key]?.removeAscending(number) == true {
            byText.removeValue(forKey: key)
            outcomeBytes -= outcome.text.utf8.count
        }
    }

    /// Outcomes from a number on, at most `count`, and the number of the first one behind them; `nil` at the end.
    func outcomes(from number: Int, count: Int) -> ([RecordedOutcome], next: Int?) {
        let start = numbers.firstIndex(from: number)
        let end = min(outcomes.count, start + max(0, min(count, outcomes.count)))
        return (Array(outcomes[start..<end]), end < outcomes.count ? numbers[end] : nil)
    }

    /// Drops the outcomes of a step and all later ones; returns their events, the latest first. They may count again, and the
    /// texts stay those that were sent last. Cost: a look at each outcome, and what it costs to record those that are dropped.
    mutating func drop(stepsFrom step: Int) -> [String] { drop { $0.isOf(stepsFrom: step) } }

    /// The same with the outcomes of events.
    mutating func drop(_ eventIDs: [String]) {
        let eventIDs = Set(eventIDs)
        _ = drop { eventIDs.contains($0.eventID) }
    }

    private mutating func drop(where isDropped: (RecordedOutcome) -> Bool) -> [String] {
        guard let first = outcomes.firstIndex(where: isDropped) else { return [] }
        let rest = Array(zip(outcomes[first...], numbers[first...]))
        outcomes.removeSubrange(first...)
        numbers.removeSubrange(first...)
        var dropped: [(outcome: RecordedOutcome, number: Int)] = []
        for (outcome, number) in rest {
            if isDropped(outcome) {
                dropped.append((outcome, number))
            } else {
                outcomes.append(outcome)
                numbers.append(number)
            }
        }
        // The latest first, which are the last ones of their texts.
        dropped.reverse()
        if dropped.count <= outcomes.count {
            for (outcome, number) in dropped { leave(outcome, number: number) }
            latestVersion = outcomes.lazy.map(\.version).max()
        } else {
            count()
        }
        return dropped.map(\.outcome.eventID)
    }

    /// Finds anew what is known of all outcomes that are kept.
    private mutating func count() {
        events = GradualDictionary()
        byText = GradualDictionary()
        (failed, started, latestVersion, outcomeBytes) = (0, 0, nil, 0)
        lengths = AnswerLengths.Sum()
        for (outcome, number) in zip(outcomes, numbers) { enter(outcome, of: TextKey(outcome.text), number: number) }
    }

    /// The outcome with a number. Precondition: there is one.
    private func outcome(_ number: Int) -> RecordedOutcome { outcomes[numbers.firstIndex(from: number)] }

    /// Whether the history has outcomes of a text.
    func knows(_ text: String) -> Bool { knows(TextKey(text)) }

    /// The same, for a text whose hash is known.
    func knows(_ key: TextKey) -> Bool { byText[key] != nil }

    /// The latest outcome of a text; `nil` without one.
    func latestOutcome(of text: String) -> Outcome? { outcome(of: text, upTo: .max) }

    /// The latest outcome of a text by a version that is not later than one; `nil` without one.
    func outcome(of text: String, upTo version: Int) -> Outcome? {
        for number in (byText[TextKey(text)] ?? []).reversed() {
            let outcome = outcome(number)
            if outcome.version <= version, let known = Outcome(reward: outcome.reward, n: outcome.n) { return known }
        }
        return nil
    }

    /// Whether any outcome is of a version that is not later than one.
    func hasOutcome(before version: Int) -> Bool { outcomes.contains { $0.version <= version && $0.n > 0 } }

    /// The version of a text's latest outcome.
    func version(of text: String) -> Int? { byText[TextKey(text)]?.last.map { outcome($0).version } }

    /// The prompt's own record as a policy of a version sees it, without outcomes that are `staleFrom` steps old.
    func record(
        of key: TextKey, promptID: String, at version: Int, staleFrom: Int = .max
    ) throws(PlanningError) -> PromptRecord {
        let entries = (byText[key] ?? []).compactMap { number -> PromptRecord.Entry? in
            let outcome = outcome(number)
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
            let outcome = outcome(number)
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
        byText[key]?.last.map { Self.age(of: outcome($0), at: version) }
    }

    /// Expected tokens of an answer to a text: of its own answers, and of all of the policy; `nil` where none is known.
    func expectedLength(of text: String) -> Double? {
        var own = AnswerLengths.Sum()
        for number in byText[TextKey(text)] ?? [] { Self.add(outcome(number), to: &own) }
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

    /// What is wrong with what is known of all outcomes; for tests and simulation. Cost: as much as to record all.
    var brokenInvariants: [String] {
        var counted = self
        counted.count()
        let isCounted =
            outcomeBytes == counted.outcomeBytes && failed == counted.failed && started == counted.started
            && lengths == counted.lengths && events.count == counted.events.count
            && byText.count == counted.byText.count
            && counted.byText.elements.allSatisfy { text, numbers in byText[text] == numbers }
        return (isCounted ? [] : ["a history counts other outcomes than it keeps"])
            + (numbers.count == outcomes.count && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
                ? [] : ["a history's numbers do not ascend"])
            + knownTexts.brokenInvariants
    }

    /// The share of rollouts that ended without a reward.
    var failureRate: Double { started > 0 ? Double(failed) / Double(started) : 0 }
}

extension RandomAccessCollection<Int> where Index == Int {
    /// The index of the first number that is not less than one, in ascending numbers. Cost: constant where none is missing between
    /// the first one and it, else logarithmic.
    fileprivate func firstIndex(from number: Int) -> Int {
        guard let first, number > first else { return startIndex }
        // Numbers that are missing only bring it nearer to the first one.
        let (distance, overflows) = number.subtractingReportingOverflow(first)
        let last = overflows ? endIndex : Swift.min(endIndex, startIndex + distance)
        if last < endIndex, self[last] == number { return last }
        return firstIndex(in: startIndex..<last) { $0 < number }
    }
}

extension [Int] {
    /// Removes a number from ascending ones; returns whether it was the only one. Cost: those behind it move.
    fileprivate mutating func removeAscending(_ number: Int) -> Bool {
        let index = firstIndex(from: number)
        if index < count, self[index] == number { remove(at: index) }
        return isEmpty
    }
}
