/// A reader of outside bytes, as a function that fuzzing calls with any bytes.
///
/// A trap, an endless loop or unbounded memory ends the fuzzing; so does a finding. `scripts/fuzz` has the driver and the
/// corpora, `FuzzTests` runs the corpora through the same functions.
package struct FuzzTarget: Sendable {
    /// Name of the target, and of its folder of `scripts/fuzz/corpora`.
    package let name: String
    /// Reads bytes; returns what is wrong with what was read, or `nil`.
    package let run: @Sendable ([UInt8]) -> String?

    /// All targets.
    package static let all: [FuzzTarget] = [
        FuzzTarget(name: "wire", run: WireTarget.run),
        FuzzTarget(name: "machines", run: MachinesTarget.run),
        FuzzTarget(name: "json", run: JSONTarget.run),
        FuzzTarget(name: "rows", run: RowsTarget.run),
        FuzzTarget(name: "tables", run: TablesTarget.run),
        FuzzTarget(name: "safetensors", run: SafetensorsTarget.run),
        FuzzTarget(name: "tokenizer", run: TokenizerTarget.run),
        FuzzTarget(name: "bodies", run: BodiesTarget.run),
        FuzzTarget(name: "answers", run: AnswersTarget.run),
        FuzzTarget(name: "settings", run: SettingsTarget.run),
        FuzzTarget(name: "keys", run: KeysTarget.run),
        FuzzTarget(name: "journal", run: JournalTarget.run),
        FuzzTarget(name: "state", run: StateTarget.run),
    ]
}
