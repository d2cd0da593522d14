internal import Planning
public import ReferenceDraws
public import Scoring

/// Replays logged steps under several strategies, each from what was known before the step.
///
/// For each seed and version of a policy: draw contexts from what was known, let the model predict the visited prompts,
/// join each prediction with the prompt's own record, split the prompts into steps, and replay every step under every
/// strategy with the same random numbers. Each distinct text is embedded once for all logs, seeds and versions.
public struct ReplayStudy {
    /// Progress of embedding and replaying.
    public struct Progress: Hashable, Sendable {
        /// Distinct texts embedded so far.
        public let embedded: Int
        /// Number of distinct texts.
        public let texts: Int
        /// Versions replayed so far, over logs and seeds.
        public let replayed: Int
        /// Number of versions, over logs and seeds.
        public let versions: Int
    }

    private let model: any ValueModel
    private let options: ReplayOptions
    private let referenceFiles: ReferenceBank

    /// A study with the predictions of `model`; call it on the thread that made the model. `referenceFiles` are for
    /// references from files. Throws `optionOutOfRange`.
    public init(
        model: any ValueModel, options: ReplayOptions, referenceFiles: ReferenceBank = ReferenceBank([])
    ) throws(ReplayError) {
        try options.check()
        self.referenceFiles = referenceFiles
        self.model = model
        self.options = options
    }

    /// Replays every log, in the order given. `progress` is called after each chunk of texts and each version.
    ///
    /// Cost: one embedding per distinct text; then one preparation per context, one prediction per visit and seed, and
    /// twelve plans per step. Throws `model` and `planning` naming the source, and `nothingToReplay`.
    public func run(
        _ logs: [ReplayLog], progress: (Progress) -> Void = { _ in }
    ) throws(ReplayError) -> ReplayReport {
        var schedules: [ReplaySchedule] = []
        for log in logs { schedules.append(try ReplaySchedule(log, options: options)) }
        let count = options.seeds * schedules.reduce(0) { $0 + $1.versions.count }
        var features = try embed(logs) { progress(.init(embedded: $0, texts: $1, replayed: 0, versions: count)) }
        var replayed = 0
        var sources: [ReplayReport.Source] = []
        for (log, schedule) in zip(logs, schedules) {
            var tally = ReplayTally(prompts: log.prompts.count, seeds: options.seeds)
            let tokenReplay = TokenReplay(log, schedule, options: options)
            var tokenTallies = (tokenReplay?.sources ?? []).map { ($0, TokenTally(seeds: options.seeds)) }
            let references = ReplayReferences(log, options: options, files: referenceFiles)
            var withoutReferences = 0
            for seed in 0..<options.seeds {
                for version in schedule.versions {
                    replayed += 1
                    guard
                        let beliefs = try beliefs(of: version, schedule, log, references, &features, seed: seed)
                    else {
                        withoutReferences += version.visits.count
                        continue
                    }
                    try replay(version, schedule, log, beliefs, seed: seed, into: &tally)
                    try replay(version, schedule, tokenReplay, beliefs, seed: seed, into: &tokenTallies)
                    progress(
                        .init(embedded: features.texts, texts: features.texts, replayed: replayed, versions: count))
                }
            }
            guard !tally.isEmpty else { throw .noReferences(source: log.name, options.references) }
            var source = try ReplayReport.Source(
                log, schedule, tally, withoutReferences: withoutReferences / options.seeds, options: options)
            let comparisons = tokenTallies.compactMap { $1.comparison($0) }
            source.tokenPlans = comparisons.isEmpty ? nil : comparisons
            sources.append(source)
        }
        return ReplayReport(
            model: model.fingerprint, options: options, sources: sources, knownRates: try KnownRates.generated())
    }

    /// Features of distinct texts: those of all rows, and of references from files as they are needed.
    private struct Features {
        var places: [String: Int] = [:]
        var matrix = FeatureMatrix(columns: 0)

        var texts: Int { places.count }

        func missing(_ texts: [String]) -> [String] { texts.filter { places[$0] == nil } }

        mutating func add(_ texts: [String], _ more: FeatureMatrix) {
            for text in texts { places[text] = places.count }
            matrix = FeatureMatrix(
                columns: more.columns, values: matrix.values + more.values,
                isTruncated: matrix.isTruncated + more.isTruncated)
        }

        func rows(_ texts: [String]) -> FeatureMatrix {
            matrix.selecting(
                texts.map { text in
                    guard let place = places[text] else { preconditionFailure("ReplayStudy: a text was not embedded") }
                    return place
                })
        }
    }

    private func embed(_ logs: [ReplayLog], _ progress: (Int, Int) -> Void) throws(ReplayError) -> Features {
        var features = Features()
        var texts: [(text: String, source: String)] = []
        for log in logs {
            for prompt in Set(log.rows.map(\.prompt)).sorted() {
                let text = log.prompts[prompt].text
                guard features.places[text] == nil else { continue }
                features.places[text] = texts.count
                texts.append((text, log.name))
            }
        }
        var values: [Float] = []
        var truncated: [Bool] = []
        var columns = 0
        for start in stride(from: 0, to: texts.count, by: options.chunkTexts) {
            let chunk = texts[start..<min(start + options.chunkTexts, texts.count)]
            do {
                let matrix = try model.embed(chunk.map(\.text))
                columns = matrix.columns
                values += matrix.values
                truncated += matrix.isTruncated
            } catch {
                throw .model(source: chunk[start].source, error)
            }
            progress(truncated.count, texts.count)
        }
        features.matrix = FeatureMatrix(columns: columns, values: values, isTruncated: truncated)
        return features
    }

    /// The model's belief for each visit, from contexts of other prompts; `nil` where a context lacks its references.
    private func beliefs(
        of version: ReplaySchedule.Version, _ schedule: ReplaySchedule, _ log: ReplayLog,
        _ references: ReplayReferences, _ features: inout Features, seed: Int
    ) throws(ReplayError) -> [Int: Belief]? {
        var beliefs: [Int: Belief] = [:]
        for part in schedule.contexts(of: version, seed: seed, rows: options.contextRows) {
            let rows = part.rows.map { log.rows[$0] }
            let asked = part.visits.map { log.rows[schedule.visits[$0].row].prompt }
            guard
                let (context, queries) = references.context(of: version.policy, rows: rows, queries: asked, seed: seed)
            else { return nil }
            do throws(ValueModelError) {
                let more = features.missing(context.texts)
                if !more.isEmpty { features.add(more, try model.embed(more)) }
                let prepared = try model.prepare(context, features: features.rows(context.texts))
                let texts = asked.map { log.prompts[$0].text }
                let predictions = try model.predict(
                    QuerySet(texts: texts, features: features.rows(texts), side: queries), in: prepared)
                for (visit, prediction) in zip(part.visits, predictions) { beliefs[visit] = Belief(prediction) }
            } catch {
                throw .model(source: log.name, error)
            }
        }
        return beliefs
    }

    /// Plans all steps of a version by tokens too, where the log has the lengths of answers.
    private func replay(
        _ version: ReplaySchedule.Version, _ schedule: ReplaySchedule, _ replay: TokenReplay?, _ beliefs: [Int: Belief],
        seed: Int, into tallies: inout [(TokenComparison.Lengths, TokenTally)]
    ) throws(ReplayError) {
        guard let replay else { return }
        do throws(PlanningError) {
            for step in schedule.steps(of: version, seed: seed, prompts: options.stepPrompts) {
                for index in tallies.indices {
                    try replay.run(
                        step.visits, of: version, beliefs, seed: seed, tallies[index].0, into: &tallies[index].1)
                }
            }
        } catch {
            throw .planning(source: replay.log.name, error)
        }
    }

    /// Replays all steps of a version.
    private func replay(
        _ version: ReplaySchedule.Version, _ schedule: ReplaySchedule, _ log: ReplayLog, _ beliefs: [Int: Belief],
        seed: Int, into tally: inout ReplayTally
    ) throws(ReplayError) {
        let replay = StepReplay(log: log, schedule: schedule, options: options)
        do throws(PlanningError) {
            for step in schedule.steps(of: version, seed: seed, prompts: options.stepPrompts) {
                try replay.run(step, of: version, beliefs, seed: seed, into: &tally)
            }
        } catch {
            throw .planning(source: log.name, error)
        }
    }
}
