/// A trainer, and how it handles groups of unequal sizes.
///
/// Facts are from the trainer's source at the stated commit. Each names its place in the source, so that anybody can
/// check whether it still holds. Runs are what was seen where the trainer itself ran, with the test that shows it.
public struct Trainer: Hashable, Codable, Sendable {
    /// Whether it can use budgets that differ from prompt to prompt.
    public enum Safety: String, CaseIterable, Codable, Sendable {
        /// It has an interface for them, and computes advantages within each group.
        case ready
        /// It computes advantages within each group, but other code assumes equal groups: changes are needed.
        case adapter
        /// It finds groups by their size: unequal ones are mixed or refused.
        case unsafe

        /// One sentence for people.
        public var summary: String {
            switch self {
            case .ready: "unequal groups are supported, each with its own advantages"
            case .adapter: "advantages are computed within each group, but unequal groups need code changes elsewhere"
            case .unsafe: "NOT SAFE: groups are found by their size, so unequal ones are mixed or refused"
            }
        }
    }

    /// A fact that was read in the source.
    public struct Fact: Hashable, Codable, Sendable {
        /// Its subject: groups, advantages, batch, ids, interface or failures.
        public let about: String
        /// The fact.
        public let text: String
        /// File and line, or issue thread, of the repository.
        public let source: String
    }

    /// What was seen where the trainer ran.
    public struct Run: Hashable, Codable, Sendable {
        /// Package, version and date.
        public let version: String
        /// What was seen.
        public let seen: String
        /// The script that runs it again, and its test.
        public let test: String
    }

    /// Name, as given to `--trainer`.
    public let name: String
    /// Repository and commit that were read.
    public let read: String
    /// Whether unequal groups are safe.
    public let safety: Safety
    /// The reason, in a sentence.
    public internal(set) var reason: String
    /// The facts.
    public internal(set) var facts: [Fact]
    /// What was seen where it ran; none where it was only read.
    public internal(set) var runs: [Run]
    /// Settings and steps for the user.
    public internal(set) var advice: [String]

    /// Advice for every trainer.
    public static let common = [
        "Never give a prompt one rollout: its advantage is its raw reward, or not a number. --min 4 is a good floor.",
        "Where the loss is a mean over samples, a prompt with 32 rollouts has eight times the weight of one with 4. That is "
            + "the intended effect of budgets; log it.",
        "Before you rely on it, run one step with known rewards and a total that the usual group size does not divide, "
            + "and compare advantages with reward minus the mean of the prompt's own group. A total that it divides "
            + "hides the error.",
    ]

    /// A trainer by its name, in any case and with or without hyphens; `nil` for an unknown one.
    public static func named(_ name: String) -> Trainer? {
        let wanted = plain(name)
        return known.first { plain($0.name) == wanted }
    }

    private static func plain(_ name: String) -> String {
        name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
    }
}
