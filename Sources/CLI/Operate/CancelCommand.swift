import ArgumentParser
import CommandSupport
import JSON

/// `statezero cancel`.
struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        "cancel", "Ends a job of a running coordinator; its client stops with an error.",
        example: "statezero cancel 0123456789abcdef0123456789abcdef --http 127.0.0.1:8080",
        details: """
            What waits is dropped; what workers compute is finished and ignored. Parts that the client has written stay, \
            and its command continues them when it is run again. For a job of a plan, the prompts get no prediction. \
            `statezero status` shows ids.
            """)

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Argument(help: "Id of the job, 32 hexadecimal digits.")
    var job: String

    func run() throws {
        let answer = try coordinator.ask("/v1/jobs/\(OperatorOptions.part(job))/cancel", post: true)
        print("cancelled, with \(answer.member(at: ["pieces"])?.integer ?? 0) pieces that waited or ran")
    }
}
