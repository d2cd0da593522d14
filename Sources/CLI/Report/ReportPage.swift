import Corpora
import Reporting

/// A report of predictions as one HTML page: charts are inline SVG, nothing is loaded, light and dark by the reader's
/// settings.
struct ReportPage {
    private let report: ReportText

    init(_ report: ReportText) {
        self.report = report
    }

    var document: String {
        let sources = Array(report.sources.prefix(ReportText.sourcesShown))
        var parts = [
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">",
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">",
            "<title>StateZero report</title><style>\(Self.style)</style></head><body><main>",
            "<h1>Predicted success of \(report.overall.rows) prompts</h1>", figures,
            "<h2>Distribution of p</h2>", Self.histogram(report.overall),
        ]
        if !sources.isEmpty { parts += ["<h2>By source</h2>", table("Source", sources)] }
        if report.sources.count > sources.count {
            parts.append("<p>and \(report.sources.count - sources.count) more sources</p>")
        }
        if !report.lengths.isEmpty { parts += ["<h2>By length</h2>", table("Characters", report.lengths)] }
        if let reading = report.reading {
            parts += ["<h2>How the encoder reads the prompts</h2>", Self.html(of: reading)]
        }
        if let duplicates = report.duplicates { parts += ["<h2>Near-duplicates</h2>", Self.html(of: duplicates)] }
        if !report.notes.isEmpty {
            parts.append("<h2>Notes</h2><ul>\(report.notes.map { "<li>\(SVG.escaped($0))</li>" }.joined())</ul>")
        }
        return (parts + ["</main></body></html>"]).joined(separator: "\n") + "\n"
    }

    private var figures: String {
        let cells = zip(report.header, report.cells(report.overall)).map { name, value in
            "<div><b>\(SVG.escaped(value))</b><span>\(SVG.escaped(name))</span></div>"
        }
        return "<div class=\"figures\">\(cells.joined())</div>"
            + "<p>A group of \(report.rollouts) rollouts is silent if all succeed or all fail: it gives GRPO no gradient.</p>"
    }

    private func table(_ name: String, _ groups: [ReportText.Group]) -> String {
        let head = ([name] + report.header + ["p from 0 to 1"]).map { "<th>\(SVG.escaped($0))</th>" }.joined()
        let rows = groups.map { group in
            let cells = ([group.name] + report.cells(group.counts)).map { "<td>\(SVG.escaped($0))</td>" }.joined()
            return "<tr>\(cells)<td>\(Self.small(group.counts))</td></tr>"
        }
        return "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))"
            + "</tbody></table></div>"
    }

    private static func html(of reading: ReadingReport) -> String {
        let head = (["Source"] + ReportText.readingHeader).map { "<th>\(SVG.escaped($0))</th>" }.joined()
        let rows = reading.sources.prefix(ReportText.sourcesShown).map { source in
            "<tr>" + ([source.source] + ReportText.cells(source)).map { "<td>\(SVG.escaped($0))</td>" }.joined()
                + "</tr>"
        }
        let more = reading.sources.count - rows.count
        return "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))"
            + "</tbody></table></div><p>\(SVG.escaped(ReportText.origin(of: reading)))"
            + "\(more > 0 ? "; and \(more) more sources" : "")</p>"
    }

    private static func html(of duplicates: NearDuplicateReport) -> String {
        let groups = duplicates.largest.map { group in
            let examples = group.examples.map {
                "<li><code>\(SVG.escaped($0.id))</code> \(SVG.escaped($0.text))</li>"
            }
            return "<h3>\(group.rows) prompts</h3><ul class=\"texts\">\(examples.joined())</ul>"
        }
        let lines = duplicates.lines.map { "<p>\(SVG.escaped($0.prefix(1).uppercased() + $0.dropFirst())).</p>" }
        return lines.joined() + groups.joined(separator: "\n")
    }

    private static func histogram(_ counts: ProbabilityCounts) -> String {
        let (left, bottom, width, height) = (56.0, 240.0, 40.0, 210.0)
        let rows = Double(max(1, counts.rows))
        let highest = Double(counts.bins.max() ?? 0) / rows
        // At most five steps of a round size, so that the axis has round numbers.
        let step = [0.01, 0.02, 0.05, 0.1].first { highest <= 5 * $0 } ?? 0.2
        let steps = max(1, Int((highest / step - 1e-9).rounded(.up)))
        var svg = SVG(["viewBox": "0 0 880 290", "role": "img", "class": "histogram"])
        for line in 0...steps {
            let y = bottom - height * Double(line) / Double(steps)
            svg.add(
                "line",
                ["class": "grid", "x1": "\(left)", "x2": "\(left + 20 * width)", "y1": "\(y)", "y2": "\(y)"])
            svg.add(
                "text", ["x": "\(left - 8)", "y": "\(y + 4)", "text-anchor": "end"],
                text: "\(Int((100 * step * Double(line)).rounded())) %")
        }
        for (index, count) in counts.bins.enumerated() {
            let tall = height * Double(count) / rows / (step * Double(steps))
            svg.add(
                "rect",
                [
                    "class": "bar", "x": "\(left + Double(index) * width + 2)", "y": decimals(bottom - tall, 2),
                    "width": "\(width - 4)", "height": decimals(tall, 2),
                ])
        }
        for tenth in 0...10 {
            svg.add(
                "text",
                ["x": "\(left + 2 * width * Double(tenth))", "y": "\(bottom + 20)", "text-anchor": "middle"],
                text: decimals(Double(tenth) / 10, 1))
        }
        svg.add(
            "text", ["x": "\(left + 10 * width)", "y": "\(bottom + 44)", "text-anchor": "middle"],
            text: "p, the predicted chance of success")
        return svg.document
    }

    /// The histogram of a table's row.
    private static func small(_ counts: ProbabilityCounts) -> String {
        let most = Double(max(1, counts.bins.max() ?? 1))
        var svg = SVG(["viewBox": "0 0 120 24", "class": "small"])
        svg.add("line", ["class": "grid", "x1": "0", "x2": "120", "y1": "23.5", "y2": "23.5"])
        for (index, rows) in counts.bins.enumerated() where rows > 0 {
            let tall = max(1, 22 * Double(rows) / most)
            svg.add(
                "rect",
                [
                    "class": "bar", "x": "\(Double(index) * 6 + 0.5)", "y": decimals(23 - tall, 2), "width": "5",
                    "height": decimals(tall, 2),
                ])
        }
        return svg.document
    }

    private static let style = """
        :root{color-scheme:light dark;--back:#fff;--text:#1c2430;--dim:#5b6675;--line:#dfe4ea;--bar:#2f6fde}
        @media(prefers-color-scheme:dark){:root{--back:#12161c;--text:#e6eaf0;--dim:#98a3b3;--line:#2b333e;--bar:#6ea0ff}}
        body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif}
        main{max-width:920px;margin:0 auto;padding:32px 20px}h1{font-size:26px;margin:0 0 20px}
        h2{font-size:18px;margin:32px 0 10px}p,li{color:var(--dim)}ul{padding-left:20px}
        .figures{display:flex;flex-wrap:wrap;gap:12px}
        .figures div{flex:1 1 105px;border:1px solid var(--line);border-radius:8px;padding:12px 14px}
        .figures b{display:block;font-size:22px}.figures span{color:var(--dim)}.wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%}th,td{padding:6px 10px;border-bottom:1px solid var(--line);
        text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}th{color:var(--dim);font-weight:500}
        th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:12em}
        .histogram{width:100%;height:auto;display:block}.small{width:120px;height:24px;display:block;margin-left:auto}
        svg text{fill:var(--dim);font-size:12px}.bar{fill:var(--bar)}.grid{stroke:var(--line)}
        """
}
