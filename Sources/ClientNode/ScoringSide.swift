public import Corpora
public import Scoring

/// What is known beside the texts of a scoring job: the context with it, and what finds that of each prompt.
public struct ScoringSide: Sendable {
    /// A prompt's facts: for the model, for the output, and a fresh record to join with the prediction.
    package typealias Facts = (side: SideInformation, evidence: RowEvidence, own: SideIndex.OwnCounts?)

    /// The history with side information. It replaces the context of the history file, and has the same pairs.
    package let context: ContextSet
    /// SHA-256 over all that can change the side information of any prompt: a part of the run's identity.
    package let digest: Digest
    /// Columns that the rows of prompts are read with.
    package let columns: SideColumns
    /// The prompt files, where they have been read already.
    package let survey: [InputFile]?
    /// For the manifest.
    package let report: SideReport?
    package let facts: @Sendable (PromptRow) -> Facts

    /// References, covariates and vectors of files and columns.
    public init(_ joined: SideFiles.Joined) {
        let index = joined.index
        context = joined.history.context
        digest = index.digest
        columns = index.columns
        survey = joined.survey
        report = joined.report
        facts = { row in
            let facts = index.facts(of: row)
            return (facts.side, facts.evidence, facts.own)
        }
    }

    /// References that the caller finds by the text: all of them are other policies. `digest` covers what it finds them in.
    public init(context: ContextSet, digest: Digest, references: @escaping @Sendable (Prompt) -> SideInformation) {
        self.context = context
        self.digest = digest
        columns = .none
        survey = nil
        report = nil
        facts = { row in
            let side = references(row.prompt)
            return (side, RowEvidence(references: side.references.count, hasOwnRecord: false), nil)
        }
    }
}
