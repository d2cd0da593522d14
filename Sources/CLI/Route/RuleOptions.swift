import ArgumentParser
import CommandSupport
import Routing

/// A routing rule given on the command line instead of the fleet file's.
struct RuleOptions: ParsableArguments {
    @Option(range: .within(0...1), help: "Weighted rule: maximise β·p + (1 − β)(1 − cost).")
    var beta: Double?

    @Option(range: .within(0...1), help: "Target rule: the cheapest model with at least this p.")
    var target: Double?

    func validate() throws {
        if beta != nil, target != nil { throw ValidationError("--beta and --target are two rules; give one of them") }
    }

    /// `nil` without `--beta` and `--target`.
    func rule() throws -> RouteRule? {
        if let beta { return RouteRule(name: "weighted", parameter: beta) }
        if let target { return RouteRule(name: "target", parameter: target) }
        return nil
    }
}
