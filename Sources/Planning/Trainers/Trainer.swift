/// A trainer, and what is known of how it takes groups of unequal sizes.
///
/// Everything is as read in its source at the commit named, and nothing was run: a statement tells where it was read,
/// so that anybody can see whether it still is so.
public struct Trainer: Hashable, Codable, Sendable {
    /// Whether budgets that differ from prompt to prompt may be given to it.
    public enum Safety: String, CaseIterable, Codable, Sendable {
        /// It has a door for them, and its advantages are each group's own.
        case ready
        /// Its advantages are each group's own, but something else counts on equal groups: code of your own is needed.
        case adapter
        /// It finds groups by their size: unequal ones are mixed, or refused.
        case unsafe

        /// One sentence for people.
        public var summary: String {
            switch self {
            case .ready: "unequal groups are taken, each with its own advantages"
            case .adapter: "advantages are each group's own, but unequal groups need code of yours elsewhere"
            case .unsafe: "NOT SAFE: groups are found by their size, so unequal ones are mixed or refused"
            }
        }
    }

    /// Something that was read.
    public struct Fact: Hashable, Codable, Sendable {
        /// What it is about: groups, advantages, batch, ids, door, failures.
        public let about: String
        /// What is so.
        public let text: String
        /// File and line, or thread, of the repository.
        public let source: String
    }

    /// As typed after `--trainer`.
    public let name: String
    /// Repository and commit that were read.
    public let read: String
    /// Whether unequal groups are safe.
    public let safety: Safety
    /// Why, in a sentence.
    public let reason: String
    /// What was read.
    public let facts: [Fact]
    /// What to set, and what to do.
    public let advice: [String]

    /// True of every trainer.
    public static let common = [
        "Never give a prompt one rollout: its advantage is its bare reward, or not a number. --min 4 is a good floor.",
        "Where the loss is a mean over samples, a prompt with 32 rollouts weighs eight times one with 4. That is what "
            + "budgets mean to do; log it.",
        "Before you trust it, take one step with known rewards and a total that the usual group size does not divide, "
            + "and compare advantages with reward minus the mean of the prompt's own group. A total that it divides "
            + "hides the mistake.",
    ]

    /// A trainer by its name, in any case and with or without hyphens; `nil` for one that is not known.
    public static func named(_ name: String) -> Trainer? {
        let wanted = plain(name)
        return known.first { plain($0.name) == wanted }
    }

    private static func plain(_ name: String) -> String {
        name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
    }
}
