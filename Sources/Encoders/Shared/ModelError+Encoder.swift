package import ModelFiles
package import Scoring

// The errors of an encoder as a value model reports them.
extension ModelError {
    /// The error as a value model reports it: `notFinite` with the text's index, everything else as `kernel`.
    package var ofEncoder: ValueModelError {
        if case .notFinite(let sequence) = self {
            .notFinite(stage: "the encoder", row: sequence)
        } else {
            .kernel("\(self)")
        }
    }
}
