internal import Reporting
internal import Scoring

/// The report as a plot: for each source and kind of visits, the value of a rollout under each strategy relative to a
/// rollout of the uniform plan, with two standard errors on each side, and the share of silent groups.
public struct ReplayPlot {
    private let report: ReplayReport
    private let panels: [Panel]
    private let low: Double
    private let high: Double

    private struct Panel {
        let title: String
        let lines: [ReplayReport.Line]
        let uniform: ReplayReport.Line?
    }

    private static let panelWidth = 560.0
    private static let barHeight = 13.0
    private static let labelWidth = 150.0
    private static let figureWidth = 150.0
    private static let top = 64.0
    private static let gap = 62.0

    /// Arranges a report. Omits the combined panel where there are panels per visit.
    public init(_ report: ReplayReport) {
        self.report = report
        panels = report.sources.flatMap { source in
            source.parts.filter { $0.stratum.visit != nil || source.mode == .roles }.map { part in
                Panel(
                    title: "\(source.source): \(part.stratum.name)",
                    lines: part.lines.filter { $0.policy != .uniform && $0.gain != nil },
                    uniform: part.line(.uniform, .none))
            }
        }
        let gains = panels.flatMap(\.lines).compactMap(\.gain)
        // Leaves room for the bars that go below the uniform plan.
        low = gains.reduce(-0.2) { min($0, $1.value - 2 * $1.error) }
        high = gains.reduce(0.4) { max($0, $1.value + 2 * $1.error) }
    }

    /// The plot as an SVG document.
    public var svg: String {
        let rows = (panels.count + 1) / 2
        let heights = (0..<rows).map { row in
            panels[(2 * row)..<min(2 * row + 2, panels.count)].map { Double($0.lines.count) * Self.barHeight }.max()
                ?? 0
        }
        let height = Self.top + heights.reduce(0) { $0 + $1 + Self.gap } + 10
        var drawing = Self.canvas(width: 2 * Self.panelWidth + 20, height: height)
        drawHeader(&drawing)
        var y = Self.top
        for row in 0..<rows {
            for column in 0..<min(2, panels.count - 2 * row) {
                draw(panels[2 * row + column], x: 10 + Double(column) * Self.panelWidth, y: y, &drawing)
            }
            y += heights[row] + Self.gap
        }
        return drawing.document
    }

    private static func canvas(width: Double, height: Double) -> SVG {
        let (width, height) = (decimals(width, 1), decimals(height, 1))
        var drawing = SVG([
            "width": width, "height": height, "viewBox": "0 0 \(width) \(height)",
            "font-family": "DejaVu Sans, Helvetica, Arial, sans-serif",
        ])
        drawing.add("rect", ["width": width, "height": height, "fill": "#ffffff"])
        return drawing
    }

    /// Title and legend.
    private func drawHeader(_ drawing: inout SVG) {
        let options = report.options
        drawing.text(
            "Value of a rollout relative to equal groups: \(options.objective.rawValue), "
                + "\(options.mean) per prompt in \(options.minimum)…\(options.maximum); bars of two standard errors",
            x: 14, y: 22, size: 13, isBold: true)
        var x = 14.0
        for belief in [ReplayBelief.model, .record, .blind, .none, .truth] {
            drawing.rectangle(x: x, y: 34, width: 11, height: 11, fill: Self.colour(belief))
            let name = Self.legend(belief)
            drawing.text(name, x: x + 16, y: 44)
            x += 30 + 6.4 * Double(name.count)
        }
    }

    private func draw(_ panel: Panel, x: Double, y: Double, _ drawing: inout SVG) {
        let (left, right) = (x + Self.labelWidth, x + Self.panelWidth - Self.figureWidth)
        let place = { (gain: Double) in left + (gain - low) / (high - low) * (right - left) }
        let bottom = y + 18 + Double(panel.lines.count) * Self.barHeight
        drawing.text(panel.title, x: x + 4, y: y + 8, size: 12, isBold: true)
        let silent = panel.uniform.map { " (uniform \(Self.silent($0)))" } ?? ""
        drawing.text("silent\(silent)", x: x + Self.panelWidth - 8, y: y + 8, anchor: .end, size: 10, fill: "#666666")
        for tick in ticks {
            let isZero = tick == 0
            drawing.line(
                from: (place(tick), y + 14), to: (place(tick), bottom), stroke: isZero ? "#444444" : "#dddddd",
                width: isZero ? 1.4 : 1)
            drawing.text(
                isZero ? "uniform" : decimals(100 * tick, 0, sign: .always) + " %", x: place(tick), y: bottom + 12,
                anchor: .middle, size: 9, fill: "#666666")
        }
        for (index, line) in panel.lines.enumerated() {
            guard let gain = line.gain else { continue }
            let top = y + 18 + Double(index) * Self.barHeight
            let (start, end) = (place(min(0, gain.value)), place(max(0, gain.value)))
            drawing.text(
                Self.label(line), x: left - 6, y: top + 9.5, anchor: .end, size: 10, isBold: line.policy == .ours)
            drawing.rectangle(
                x: start, y: top + 1.5, width: max(0.5, end - start), height: Self.barHeight - 3,
                fill: Self.colour(line.belief))
            let middle = top + Self.barHeight / 2
            drawing.line(
                from: (place(gain.value - 2 * gain.error), middle), to: (place(gain.value + 2 * gain.error), middle),
                stroke: "#111111", width: 1.2)
            drawing.text(gain.percent + " %", x: right + 8, y: top + 9.5, size: 10, isBold: line.policy == .ours)
            drawing.text(
                Self.silent(line), x: x + Self.panelWidth - 8, y: top + 9.5, anchor: .end, size: 10, fill: "#666666")
        }
    }

    /// Ticks of the gain axis: steps of 25 %, doubled until there are few enough.
    private var ticks: [Double] {
        var step = 0.25
        while (high - low) / step > 6 { step *= 2 }
        var tick = (low / step).rounded(.up) * step
        var ticks: [Double] = []
        while tick <= high {
            ticks.append(tick)
            tick += step
        }
        return ticks
    }

    private static func silent(_ line: ReplayReport.Line) -> String {
        decimals(100 * line.silentGroups / max(line.groups, 1), 0) + " %"
    }

    private static func label(_ line: ReplayReport.Line) -> String {
        switch line.belief {
        case .record: "\(line.policy.name), record"
        case .blind: "\(line.policy.name), blind"
        case .none, .model, .truth: line.policy.name
        }
    }

    private static func legend(_ belief: ReplayBelief) -> String {
        switch belief {
        case .none: "asks nothing"
        case .blind: "one belief for all prompts"
        case .model: "from the model's belief alone"
        case .record: "own records joined"
        case .truth: "knows the truth"
        }
    }

    private static func colour(_ belief: ReplayBelief) -> String {
        switch belief {
        case .none: "#b0b0b0"
        case .blind: "#9d7660"
        case .model: "#4c78a8"
        case .record: "#54a24b"
        case .truth: "#e0c060"
        }
    }
}
