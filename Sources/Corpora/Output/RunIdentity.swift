public import Scoring

/// Identifies a run by everything that can change a byte of its output. An output folder belongs to one identity.
public struct RunIdentity: Hashable, Sendable {
    /// Digest of all input text, `InputFile.digest(of:)`; it does not depend on compression.
    public let input: Digest
    /// Digest of the context set.
    public let context: Digest
    /// The settings that can change a byte of the output.
    public let configuration: RunConfiguration
    /// Fingerprint of the value model.
    public let model: ModelFingerprint
    /// Digest of references, covariates and features, `SideIndex.digest`; `nil` if there are none.
    public let side: Digest?

    /// Identifies a run.
    public init(
        input: Digest, context: Digest, configuration: RunConfiguration, model: ModelFingerprint, side: Digest? = nil
    ) {
        self.side = side
        self.input = input
        self.context = context
        self.configuration = configuration
        self.model = model
    }

    /// One difference between two runs.
    public struct Difference: Hashable, Sendable, CustomStringConvertible {
        /// Which of the digests.
        public let what: What
        /// The digest that the folder was created with.
        public let folder: Digest
        /// The digest of the run that is requested.
        public let now: Digest

        /// Names a difference.
        public init(what: What, folder: Digest, now: Digest) {
            self.what = what
            self.folder = folder
            self.now = now
        }

        /// The parts of a run's identity.
        public enum What: String, Sendable, CaseIterable {
            /// The prompts.
            case input
            /// The context set.
            case context
            /// The settings.
            case configuration
            /// The model.
            case model
            /// References, covariates and features; absent in runs without any.
            case side

            /// Those that every run has.
            static let required = allCases.filter { $0 != .side }

            /// For people.
            var name: String { self == .side ? "side information (references, covariates, features)" : rawValue }
        }

        /// Which digest differs, and both values.
        public var description: String {
            let texts = [folder, now].map { $0 == RunIdentity.none ? "none" : "\($0.short)…" }
            return "its \(what.name) is \(texts[0]), now \(texts[1])"
        }
    }

    /// The digests by name.
    var digests: [Difference.What: Digest] {
        var digests: [Difference.What: Digest] = [
            .input: input, .context: context, .configuration: configuration.digest, .model: model.digest,
        ]
        digests[.side] = side
        return digests
    }

    /// Stands for no side information, where another run has some.
    fileprivate static let none = Digest(of: "")

    /// The differences from a folder with these digests; empty if it belongs to this run.
    func differences(from folder: [Difference.What: Digest]) -> [Difference] {
        Difference.What.allCases.compactMap { what in
            let absent = what == .side ? Self.none : nil
            guard let old = folder[what] ?? absent, let new = digests[what] ?? absent, old != new else { return nil }
            return Difference(what: what, folder: old, now: new)
        }
    }
}

/// The settings of a run by name, as the manifest has them.
public struct RunConfiguration: Hashable, Sendable {
    /// Names and values. Only what can change a byte of the output belongs here: no thread counts, no endpoints.
    public let settings: [String: String]
    /// SHA-256 over the settings in the order of their names.
    public let digest: Digest

    /// Computes the digest of settings.
    public init(_ settings: [String: String]) {
        self.settings = settings
        // Lengths before texts, so that no two lists of settings have the same bytes.
        let lines = settings.sorted { $0.key < $1.key }.map { name, value in
            "\(name.utf8.count) \(name) \(value.utf8.count) \(value)\n"
        }
        self.digest = Digest(of: lines.joined())
    }
}
