/// Decides which traces are recorded: the samplers of OpenTelemetry by their names.
package struct Sampler: Hashable, Sendable {
    /// Share of the traces that begin here, in [0, 1].
    package let ratio: Double
    /// Whether the decision of the process that began a trace counts for its spans here.
    package let followsParent: Bool

    /// Everything, unless a parent is not recorded: the default of OpenTelemetry.
    package static let everything = Sampler(ratio: 1, followsParent: true)

    package init(ratio: Double, followsParent: Bool) {
        self.ratio = ratio
        self.followsParent = followsParent
    }

    /// A sampler by its name in `OTEL_TRACES_SAMPLER`, with `OTEL_TRACES_SAMPLER_ARG`; `nil` for an unknown name, or a ratio
    /// outside [0, 1].
    package init?(name: String, argument: String?) {
        let parent = "parentbased_"
        let share: Double
        switch name.hasPrefix(parent) ? String(name.dropFirst(parent.count)) : name {
        case "always_on": share = 1
        case "always_off": share = 0
        case "traceidratio":
            guard let given = argument.map({ Double($0) }) ?? 1, (0...1).contains(given) else { return nil }
            share = given
        default: return nil
        }
        self.init(ratio: share, followsParent: name.hasPrefix(parent))
    }

    /// Whether a span is recorded. Equal traces get equal answers, in all processes with this ratio.
    package func isSampled(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        return Double(trace.low >> 11) < ratio * 0x1p53
    }
}
