import ArgumentParser
import CommandSupport
import Routing

/// A routing rule given on the command line instead of the fleet file's.
struct RuleOptions: ParsableArguments {
    @Option(range: .within(0...1), help: "Weighted rule: maximise β·p + (1 − β)(1 − cost).")
    var beta: Double?

    @Option(range: .within(0...1), help: "Target rule: the cheapest model with at least this p.")
    var target: Double?

    @Option(range: .within(0...1), help: "Weighted rule with the lower confidence bound of p instead of p.")
    var lcb: Double?

    func validate() throws {
        if [beta, target, lcb].compactMap(\.self).count > 1 {
            throw ValidationError("--beta, --target and --lcb are different rules; give one of them")
        }
    }

    /// `nil` without any of the options.
    func rule() throws -> RouteRule? {
        if let beta { return RouteRule(name: "weighted", parameter: beta) }
        if let target { return RouteRule(name: "target", parameter: target) }
        if let lcb { return RouteRule(name: "lcb", parameter: lcb) }
        return nil
    }
}
