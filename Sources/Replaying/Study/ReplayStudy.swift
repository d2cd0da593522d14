internal import Planning
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

    /// A study with the predictions of `model`; call it on the thread that made the model. Throws `optionOutOfRange`.
    public init(model: any ValueModel, options: ReplayOptions) throws(ReplayError) {
        try options.check()
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
        let features = try embed(logs) { progress(.init(embedded: $0, texts: $1, replayed: 0, versions: count)) }
        var replayed = 0
        var sources: [ReplayReport.Source] = []
        for (log, schedule) in zip(logs, schedules) {
            var tally = ReplayTally(prompts: log.prompts.count, seeds: options.seeds)
            for seed in 0..<options.seeds {
                for version in schedule.versions {
                    let beliefs = try beliefs(of: version, schedule, log, features, seed: seed)
                    try replay(version, schedule, log, beliefs, seed: seed, into: &tally)
                    replayed += 1
                    progress(
                        .init(embedded: features.texts, texts: features.texts, replayed: replayed, versions: count))
                }
            }
            sources.append(try ReplayReport.Source(log, schedule, tally, options: options))
        }
        return ReplayReport(
            model: model.fingerprint, options: options, sources: sources, knownRates: try KnownRates.generated())
    }

    /// Features of the distinct texts of all rows.
    private struct Features {
        var places: [String: Int] = [:]
        var matrix = FeatureMatrix(columns: 0)

        var texts: Int { places.count }

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

    /// The model's belief for each visit, from contexts of other prompts.
    private func beliefs(
        of version: ReplaySchedule.Version, _ schedule: ReplaySchedule, _ log: ReplayLog, _ features: Features,
        seed: Int
    ) throws(ReplayError) -> [Int: Belief] {
        var beliefs: [Int: Belief] = [:]
        for part in schedule.contexts(of: version, seed: seed, rows: options.contextRows) {
            let rows = part.rows.map { log.rows[$0] }
            let texts = rows.map { log.prompts[$0.prompt].text }
            guard
                let context = ContextSet(zip(texts, rows).map { ContextSet.Row(text: $0, outcome: $1.outcome) })
            else { preconditionFailure("ReplayStudy: a context of \(rows.count) rows") }
            let asked = part.visits.map { log.prompts[log.rows[schedule.visits[$0].row].prompt].text }
            do throws(ValueModelError) {
                let prepared = try model.prepare(context, features: features.rows(texts))
                let predictions = try model.predict(
                    QuerySet(texts: asked, features: features.rows(asked)), in: prepared)
                for (visit, prediction) in zip(part.visits, predictions) { beliefs[visit] = Belief(prediction) }
            } catch {
                throw .model(source: log.name, error)
            }
        }
        return beliefs
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
