public import Scoring
package import Traces

/// Every message of the cluster. `proto/PROTOCOL.md` says who sends which, and when.
///
/// Indirect: a coordinator passes each one on many times, and copies one reference in place of all that is in it.
public indirect enum Message: Hashable, Sendable {
    case hello(Hello)
    case welcome(Welcome)
    case refused(Refusal, message: String)
    case whoAreYou
    case dismissed(incarnation: UInt64)
    case heartbeat(Heartbeat)
    case clusterStatus(ClusterStatus)
    case drain
    case bye
    case context(ContextBlock)
    case contextWanted(Digest)
    case shard(PieceName, context: Digest, ShardContent)
    case shardResult(ShardResult)
    case shardReturned(PieceName, ReturnReason)
    case submitJob(SubmitJob)
    case jobAccepted(JobAccepted)
    case jobRefused(JobID, JobRefusal, message: String)
    case submitShard(SubmitShard)
    case shardAnswer(ShardAnswer)
    case confirm(JobID, below: UInt32)
    case closeJob(JobID)
    case jobClosed(JobID)
    case requestPlan(RequestPlan)
    case requestRefused(RequestRefused)
    case budgets(PlanName, [PlannedBudget])
    case planEnd(PlanName, PlanEnd)
    case followPlan(PlanName, groupsAfter: Int)
    case groupDone(PlanName, GroupDone)
    case assignment(Assignment)
    case rewards(Rewards)
    case rewardsRecorded(RewardsRecorded)
    case assignmentReturned(AssignmentName, AssignmentReturn)
    case reportOutcomes(ReportOutcomes)
    case outcomesRecorded(OutcomesRecorded)
    case requestScores(RequestScores)
    case scores(Scores)
    case dropPlans(DropPlans)
    case plansDropped(PlansDropped)
}

/// A message and the coordinator's generation that its sender knows (0: none yet).
public struct Envelope: Hashable, Sendable {
    /// The coordinator's generation.
    public var generation: UInt64
    /// The message.
    public var message: Message
    /// The sender's span that the message belongs to; `nil` where nothing is traced.
    package var trace: TraceContext?

    /// Puts a message under a generation.
    public init(generation: UInt64, _ message: Message) {
        self.generation = generation
        self.message = message
    }
}
