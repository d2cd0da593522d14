package import ModelFiles
package import Scoring

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
