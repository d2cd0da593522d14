/// Why a rollout worker returns an assignment.
public enum AssignmentReturn: Hashable, Sendable {
    case draining
    case programDied
    case overCredit
}
