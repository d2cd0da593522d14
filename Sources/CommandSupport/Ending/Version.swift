/// The version of both programs.
package enum Version {
    package static let text = "0.2.0-dev"
}
