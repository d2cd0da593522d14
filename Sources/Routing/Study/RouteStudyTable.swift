internal import Reporting

/// Studies as text: tables with one line per source. A dash is a figure that the data cannot define.
public struct RouteStudyTable: CustomStringConvertible {
    private let results: [RouteStudyResult]

    /// Arranges studies.
    public init(_ results: [RouteStudyResult]) {
        self.results = results
    }

    /// All tables.
    public var description: String {
        var parts = [
            Self.table(
                [
                    "source", "models", "prompts", "area", "random", "known single", "best single", "hull", "knn10",
                    "oracle", "target", "cost-aware",
                    "APGR", "CPT50", "CPT80", "peak", "best", "ECE", "Brier",
                ], results.map(areas)),
            "difference of areas: mean ± 95 % over seeds [95 % over resampled prompts]",
            Self.table(
                ["source", "- random", "- known single", "- best single", "- hull", "- knn10"], results.map(differences)
            ),
        ]
        let newcomers = results.compactMap(newcomers)
        if !newcomers.isEmpty {
            parts.append("a new model: area with few rows, with many, and without it; mean over models and seeds")
            parts.append(
                Self.table(["source", "rows", "many", "area few", "area many", "regret", "without"], newcomers))
        }
        let compared = results.flatMap { result in result.references.map { referenced(result, $0) } }
        if !compared.isEmpty {
            parts.append(
                "references: figures, and differences to none on the same draws: mean ± 95 % over seeds"
                    + " [95 % over resampled prompts]")
            parts.append(
                Self.table(
                    [
                        "source", "rows", "references", "area", "area - none", "AUC", "AUC - none", "Brier",
                        "Brier - none", "ECE", "regret of a new model",
                    ], compared))
        }
        return parts.joined(separator: "\n")
    }

    private func referenced(_ result: RouteStudyResult, _ known: RouteReferenceResult) -> [String] {
        let regrets = known.newcomers.flatMap { $0.map(\.regret) }
        return [
            result.source, "\(result.historyRows)", known.references,
            Self.number(known.areas.reduce(0, +) / Double(max(known.areas.count, 1))), Self.difference(known.area),
            Self.number(known.auc), Self.interval(known.aucDifference), Self.number(known.brier),
            Self.interval(known.brierDifference), Self.number(known.ece),
            regrets.isEmpty ? "-" : printfDecimals(regrets.reduce(0, +) / Double(regrets.count), 4, plus: true),
        ]
    }

    private func areas(_ result: RouteStudyResult) -> [String] {
        let mean = { (figure: (RouteStudySeed) -> Double?) in Self.number(result.overSeeds(figure)?.mean) }
        return [
            result.source, "\(result.models.count)", "\(result.prompts)", mean { $0.router.area },
            mean { $0.router.areaRandom }, mean { $0.areaKnownSingle }, mean { $0.router.areaBestSingle },
            mean { $0.router.areaHull },
            mean { $0.neighbours?.area }, mean { $0.router.areaOracle }, mean { $0.targetArea },
            mean { $0.costAwareArea },
            mean { $0.router.apgr }, mean { $0.router.cpt50 }, mean { $0.router.cpt80 }, mean { $0.router.peak },
            mean { $0.router.bestSingle }, mean { $0.ece }, mean { $0.brier },
        ]
    }

    private func differences(_ result: RouteStudyResult) -> [String] {
        let all = result.differences
        return [result.source]
            + [all.random, all.knownSingle, all.bestSingle, all.hull, all.neighbours].map(Self.difference)
    }

    private func newcomers(_ result: RouteStudyResult) -> [String]? {
        let all = result.seeds.flatMap { $0.newcomers ?? [] }
        guard let first = all.first else { return nil }
        let mean = { (figure: (RouteNewcomer) -> Double) in
            all.reduce(0) { $0 + figure($1) } / Double(all.count)
        }
        return [
            result.source, "\(first.rows)", "\(first.rowsMany)", Self.number(mean(\.area)),
            Self.number(mean(\.areaMany)), printfDecimals(mean(\.regret), 4, plus: true),
            Self.number(mean(\.areaWithout)),
        ]
    }

    private static func difference(_ difference: RouteDifferences.Difference?) -> String {
        guard let difference else { return "-" }
        var text = interval(difference.seeds)
        if let low = difference.promptsLow, let high = difference.promptsHigh {
            text += " [" + printfDecimals(low, 4, plus: true) + ", " + printfDecimals(high, 4, plus: true) + "]"
        }
        return text
    }

    private static func interval(_ interval: Interval?) -> String {
        guard let interval else { return "-" }
        return printfDecimals(interval.mean, 4, plus: true)
            + (interval.half.map { " ± " + printfDecimals($0, 4) } ?? "")
    }

    private static func number(_ value: Double?) -> String { value.map { printfDecimals($0, 4) } ?? "-" }

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        TextTable(header: header, rows: rows, rules: .none).description
    }
}
