import ArgumentParser

/// One policy that a running coordinator keeps something of.
struct PolicyOptions: ParsableArguments {
    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Argument(help: "Id of the policy.")
    var policy: String

    /// Its path in the coordinator's HTTP interface.
    var path: String { "/v1/policies/\(OperatorOptions.part(policy))" }
}
