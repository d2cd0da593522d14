import ArgumentParser
import CommandSupport
import Corpora
import Scoring

/// References, covariates and features: what is known about prompts beside their texts.
struct SideOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: """
            History files of other policies on the same prompts, of any number of policies. Rows are joined by \
            prompt_id, else by text. Rows of the predicted version itself are left out.
            """)
    var references: [String] = []

    @Option(
        name: .customLong("reference-key"), parsing: .upToNextOption,
        help: """
            Columns of the prompt rows with another policy's solve rate: a number from 0 to 1, or an object with k and \
            n. Context rows have them too, or are found in the prompt files by id.
            """)
    var referenceKeys: [String] = []

    @Option(parsing: .upToNextOption, help: "Those of the reference keys whose number says how hard a prompt is.")
    var higherIsHarder: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: """
            Columns of the prompt rows with a number or a category, such as level,subject. A column with any text is a \
            category.
            """)
    var covariate: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: """
            Files with a vector for each prompt: Parquet or Arrow with ids and one column of lists of floating-point \
            numbers; or safetensors with one 2-D tensor, and the prompt ids as a JSON array under "ids" in the file's \
            metadata or, one a line, in FILE.ids.
            """)
    var features: [String] = []

    @Option(
        range: .atLeast(1),
        help: "Steps from which on an earlier outcome of the policy itself is a reference, instead of counts.")
    var staleAfter = SideSchema.staleStepsDefault

    /// The files and columns, with the feature files opened. `seed` decides which prompts join the pool.
    private func files(_ keys: RowKeys, seed: UInt64) throws -> SideFiles {
        SideFiles(
            references: references, columns: columns,
            vectors: try features.map { try VectorFile.open($0, idKeys: keys.idNames) },
            staleSteps: staleAfter, seed: seed)
    }

    /// The columns that rows are read with.
    var columns: SideColumns {
        SideColumns(
            references: referenceKeys, harder: Set(higherIsHarder),
            covariates: covariate.flatMap { $0.split(separator: ",").map(String.init) })
    }

    func validate() throws {
        for key in higherIsHarder where !referenceKeys.contains(key) {
            throw ValidationError("--higher-is-harder \(key) is not among the --reference-key columns; add it there")
        }
        let names = columns.references + columns.covariates
        for (place, name) in names.enumerated() where names[..<place].contains(name) {
            throw ValidationError("column \(name) is named twice; name it once, as --reference-key or as --covariate")
        }
    }

    /// The options that change the output, for the run's manifest; empty if none is given.
    var settings: [String: String] {
        var settings: [String: String] = [:]
        if !referenceKeys.isEmpty { settings["reference_keys"] = referenceKeys.joined(separator: ",") }
        if !higherIsHarder.isEmpty { settings["higher_is_harder"] = higherIsHarder.joined(separator: ",") }
        if !covariate.isEmpty { settings["covariates"] = covariate.joined(separator: ",") }
        if !references.isEmpty { settings["stale_after"] = "\(staleAfter)" }
        return settings
    }

    /// Joins a history with what is known beside it; `nil` if no option is given. Problems and warnings go to standard
    /// error.
    func join(
        _ history: ContextFile, prompts: [String], keys: RowKeys, seed: UInt64
    ) throws -> SideFiles.Joined? {
        let files = try files(keys, seed: seed)
        guard !files.isEmpty else { return nil }
        let joined = try files.join(history, promptFiles: prompts, keys: keys)
        for problem in joined.report.problems.prefix(10) { printError("\(problem)") }
        for warning in joined.report.warnings { printError("warning: \(warning)") }
        return joined
    }
}
