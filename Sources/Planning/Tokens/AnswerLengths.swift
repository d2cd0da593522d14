/// Expected lengths of answers, learnt from reports: of each prompt, as far as it was seen, and else of the policy.
///
/// A prompt's own mean counts its rollouts, the policy's mean counts as `priorRollouts` more: lengths differ between
/// prompts far more than between rollouts of one, so a few rollouts outweigh it.
public struct AnswerLengths: Hashable, Sendable {
    /// Tokens and rollouts of one prompt, or of all.
    public struct Sum: Hashable, Sendable {
        /// Tokens of all answers.
        public var tokens: Double
        /// Answers.
        public var rollouts: Double

        /// Adds up nothing.
        public init(tokens: Double = 0, rollouts: Double = 0) {
            self.tokens = tokens
            self.rollouts = rollouts
        }
    }

    /// Weight of the policy's mean, in rollouts.
    public static let priorRollouts = 2.0

    /// The expected length for a prompt; `nil` where no length is known at all. At least 1.
    public static func expected(of prompt: Sum, among all: Sum) -> Double? {
        mean(of: prompt, among: all).map { max(1, $0) }
    }

    /// The same for a cost of any unit, which may be below 1.
    public static func mean(of prompt: Sum, among all: Sum) -> Double? {
        guard all.rollouts > 0 else { return nil }
        let mean = all.tokens / all.rollouts
        return (prompt.tokens + priorRollouts * mean) / (prompt.rollouts + priorRollouts)
    }
}
