/// A group with the quantities that the report adds up.
package struct TalliedGroup {
    /// Index of the prompt in the log. All visits of a prompt count as one independent observation.
    let prompt: Int
    let group: ReplayGroup
    /// Rollouts beyond the logged ones.
    let beyond: Int
    let promptTokens: Double
    let responseTokens: Double?
    let cost: Double?

    package init(
        prompt: Int, group: ReplayGroup, beyond: Int, promptTokens: Double, responseTokens: Double?, cost: Double?
    ) {
        self.prompt = prompt
        self.group = group
        self.beyond = beyond
        self.promptTokens = promptTokens
        self.responseTokens = responseTokens
        self.cost = cost
    }
}
