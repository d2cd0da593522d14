import ClientNode
import CommandSupport
import Corpora
import Foundation
import RouterHTTP
import Routing
import Scoring
import Threads
import ZeroMQ

/// One block of a corpus job: its predictions for every model of the fleet, and its file of decisions.
struct RouteBlock {
    let job: RouteCorpusJob
    let number: Int
    let prompts: [Prompt]
    let endpoint: Endpoint

    private var path: String {
        let digits = "\(number)"
        return "\(job.output)/decisions-" + String(repeating: "0", count: max(0, 5 - digits.count)) + "\(digits).jsonl"
    }

    /// Writes the decisions, unless the file exists. Throws `ExitStatus.resumable` after an interruption.
    func decide(until stop: StopFlag) throws {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        let folder = "\(job.output)/.work-\(number)"
        try makeFolder(folder)
        let corpus = "\(folder)/prompts.jsonl"
        let lines = try ReportOptions.lines(prompts.map { PromptLine(prompt_id: $0.id, prompt: $0.text) })
        try writeFile(String(decoding: lines, as: UTF8.self), to: corpus)
        var columns: [[Prediction?]] = []
        for (index, history) in job.histories.enumerated() {
            guard let history else {
                columns.append(Array(repeating: nil, count: prompts.count))
                continue
            }
            columns.append(try score(corpus, history, of: index, into: "\(folder)/\(index)", until: stop))
        }
        try write(columns)
        try FileManager.default.removeItem(atPath: folder)
    }

    private func write(_ columns: [[Prediction?]]) throws {
        let counts = job.histories.map { $0?.context.rows.count ?? 0 }
        let sink = try DecisionSink(path: path + ".new")
        for start in stride(from: 0, to: prompts.count, by: 1024) {
            try sink.write(
                (start..<min(start + 1024, prompts.count)).map { row in
                    PromptRouter.decide(
                        prompts[row], predictions: columns.map { $0[row] }, historyRows: counts,
                        sides: job.sides, fleet: job.fleet, rule: job.rule)
                })
        }
        try sink.close()
        try FileManager.default.moveItem(atPath: path + ".new", toPath: path)
    }

    /// One model's scoring job: a prediction for each row, `nil` for error rows.
    private func score(
        _ corpus: String, _ history: ContextFile, of model: Int, into folder: String, until stop: StopFlag
    ) throws -> [Prediction?] {
        var configuration = ScoringClient.Configuration(
            coordinator: endpoint, promptFiles: [corpus], context: history, output: folder, version: Version.text)
        configuration.security = job.security
        configuration.side = job.side(of: model)
        let ending = try ScoringClient(configuration, logger: LogOptions.quiet).run(until: stop) { _ in }
        guard case .finished = ending else {
            printError("interrupted; the same command continues")
            throw ExitStatus.resumable
        }
        var reader = try ScoresReader(path: folder)
        var predictions: [Prediction?] = []
        predictions.reserveCapacity(prompts.count)
        while let element = try reader.next() {
            switch element {
            case .score(let score):
                let interval = score.interval ?? score.p...score.p
                predictions.append(
                    Prediction(p: score.p, kappa: score.kappa, pLo: interval.lowerBound, pHi: interval.upperBound))
            case .failed, .rejected: predictions.append(nil)
            }
        }
        guard predictions.count == prompts.count else {
            throw CommandFailure(
                "\(folder): \(predictions.count) rows for \(prompts.count) prompts; delete this folder and run again")
        }
        return predictions
    }
}

/// A row of a block's prompt file.
private struct PromptLine: Encodable {
    let prompt_id: String
    let prompt: String
}
