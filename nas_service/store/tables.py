"""The tables. Alembic's migrations create them; a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from nas_service.store.types import JsonType, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(64)
SHA256 = String(64)
STATUS = String(16)
TENANT = String(64)
TRACEPARENT = String(64)
AUTO_ID = BigInteger().with_variant(Integer, "sqlite")

searches = Table(
    "searches",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("collected_at", UtcDateTime),
    Column("name", String(120), nullable=False),
    Column("spec", JsonType, nullable=False),
    Column("status", STATUS, nullable=False),
    Column("phase", STATUS, nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("candidate_count", Integer, nullable=False, default=0),
    Column("study_name", String(128), nullable=False, unique=True),
    Column("active_s", Float, nullable=False, default=0.0),
    Column("active_since", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("stop_reason", String(200)),
    Column("failure", JsonType),
    Column("dataset", JsonType),
    Column("space", JsonType),
    Column("supernet", JsonType),
    Column("supernet_sha256", SHA256, ForeignKey("artifacts.sha256")),
    Column("baselines", JsonType, nullable=False, default=dict),
    Column("idempotency_key", String(200)),
    Column("spec_digest", SHA256, nullable=False),
    Column("traceparent", TRACEPARENT),
    Column("wake", Boolean, nullable=False, default=True),
    UniqueConstraint("tenant", "idempotency_key"),
    Index("ix_searches_tenant_created_at_id", "tenant", "created_at", "id"),
    Index("ix_searches_status_tenant", "status", "tenant"),
    Index("ix_searches_wake", "wake"),
    Index("ix_searches_supernet_sha256", "supernet_sha256"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("reuse_key", SHA256, unique=True),
    Column("accuracy", Float, nullable=False),
    Column("fidelity", JsonType, nullable=False),
    Column("result", JsonType, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", ID, primary_key=True),
    Column("search_id", ID, ForeignKey("searches.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", STATUS, nullable=False),
    Column("architecture_key", String(64), nullable=False),
    Column("architecture", JsonType, nullable=False),
    Column("trial_id", Integer, nullable=False),
    Column("parent_id", ID, ForeignKey("candidates.id", ondelete="CASCADE")),
    Column("recipe", JsonType),
    Column("metrics", JsonType, nullable=False),
    Column("intervals", JsonType, nullable=False, server_default="{}"),
    Column("remeasured", JsonType, nullable=False, server_default="{}"),
    Column("violations", JsonType, nullable=False),
    Column("evaluation_id", ID, ForeignKey("evaluations.id")),
    Column("evaluation_reused", Boolean, nullable=False, default=False),
    Column("final_evaluation_id", ID, ForeignKey("evaluations.id")),
    Column("rungs", JsonType),
    Column("collected_at", UtcDateTime),
    Column("failure", JsonType),
    Column("final", JsonType),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    UniqueConstraint("search_id", "number"),
    UniqueConstraint("search_id", "architecture_key"),
    Index("ix_candidates_search_id_status", "search_id", "status"),
    Index("ix_candidates_evaluation_id", "evaluation_id"),
    Index("ix_candidates_final_evaluation_id", "final_evaluation_id"),
    Index("ix_candidates_parent_id", "parent_id"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", ID, primary_key=True),
    Column("description", JsonType, nullable=False),
    Column("owner", TENANT),
    Column("remote", Boolean, nullable=False, default=False),
    Column("seen_at_s", Float, nullable=False),
)

measurements = Table(
    "measurements",
    metadata,
    Column("id", ID, primary_key=True),
    Column("model_sha256", SHA256, nullable=False),
    Column("target_key", SHA256, nullable=False),
    Column("target", JsonType, nullable=False),
    Column("device_id", ID, nullable=False),
    Column("median_ms", Float, nullable=False),
    Column("peak_memory_mib", Float),
    Column("noisy", Boolean, nullable=False),
    Column("result", JsonType, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("owner", TENANT),
    Column("half_width_ratio", Float),
    Column("subject_key", SHA256),
    Column("architecture", JsonType),
    Index("ix_measurements_model_sha256_target_key", "model_sha256", "target_key"),
    Index("ix_measurements_device_id_created_at", "device_id", "created_at"),
    Index("ix_measurements_subject_key_target_key", "subject_key", "target_key"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("sha256", SHA256, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("touched_at_s", Float, nullable=False),
)

candidate_artifacts = Table(
    "candidate_artifacts",
    metadata,
    Column("candidate_id", ID, ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("sha256", SHA256, ForeignKey("artifacts.sha256"), nullable=False),
    Index("ix_candidate_artifacts_sha256", "sha256"),
)

evaluation_artifacts = Table(
    "evaluation_artifacts",
    metadata,
    Column("evaluation_id", ID, ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("sha256", SHA256, ForeignKey("artifacts.sha256"), nullable=False),
    Index("ix_evaluation_artifacts_sha256", "sha256"),
)

exports = Table(
    "exports",
    metadata,
    Column("evaluation_id", ID, ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True),
    Column("format", STATUS, primary_key=True),
    Column("sha256", SHA256, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("max_abs_error", Float),
    Column("validation_accuracy", Float),
)

supernets = Table(
    "supernets",
    metadata,
    Column("reuse_key", SHA256, primary_key=True),
    Column("sha256", SHA256, ForeignKey("artifacts.sha256"), nullable=False),
    Column("facts", JsonType, nullable=False),
    Column("used_at_s", Float, nullable=False),
    Index("ix_supernets_sha256", "sha256"),
)

work_items = Table(
    "work_items",
    metadata,
    Column("id", ID, primary_key=True),
    Column("search_id", ID, ForeignKey("searches.id", ondelete="CASCADE"), nullable=False),
    Column("candidate_id", ID, ForeignKey("candidates.id", ondelete="CASCADE")),
    Column("kind", STATUS, nullable=False),
    Column("queue", String(100), nullable=False),
    Column("payload", JsonType, nullable=False),
    Column("status", STATUS, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("max_attempts", Integer, nullable=False),
    Column("token", Integer, nullable=False, default=0),
    Column("worker_id", ID),
    Column("traceparent", TRACEPARENT),
    Column("lease_expires_at_s", Float),
    Column("progress", JsonType),
    Column("result", JsonType),
    Column("failure", JsonType),
    Column("absorbed", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Index("ix_work_items_status_queue_search_id_created_at", "status", "queue", "search_id", "created_at"),
    Index("ix_work_items_search_id_started_at", "search_id", "started_at"),
    Index("ix_work_items_search_id_absorbed_status", "search_id", "absorbed", "status"),
    Index("ix_work_items_candidate_id", "candidate_id"),
)

work_artifacts = Table(
    "work_artifacts",
    metadata,
    Column("work_item_id", ID, ForeignKey("work_items.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", SHA256, ForeignKey("artifacts.sha256"), primary_key=True),
    Index("ix_work_artifacts_sha256", "sha256"),
)

events = Table(
    "events",
    metadata,
    Column("id", AUTO_ID, primary_key=True, autoincrement=True),
    Column("search_id", ID, ForeignKey("searches.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("payload", JsonType, nullable=False),
    Index("ix_events_search_id_id", "search_id", "id"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", ID, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", JsonType, nullable=False),
    Column("device_id", ID, nullable=False),
    Column("versions", JsonType, nullable=False),
    Column("capacity", Integer, nullable=False, default=1),
    Column("owner", TENANT),
    Column("remote", Boolean, nullable=False, default=False),
    Column("seen_at_s", Float, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("name", String(120), nullable=False),
    Column("digest", SHA256, nullable=False, unique=True),
    Column("scopes", JsonType, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index("ix_api_keys_tenant_created_at_id", "tenant", "created_at", "id"),
)

quotas = Table(
    "quotas",
    metadata,
    Column("tenant", TENANT, primary_key=True),
    Column("live_searches", Integer),
    Column("search_candidates", Integer),
    Column("live_candidates", Integer),
    Column("monthly_minutes", Float),
    Column("upload_bytes", BigInteger),
    Column("forgotten_month", UtcDateTime),
    Column("forgotten_s", Float, nullable=False, default=0.0),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("name", String(120), nullable=False),
    Column("format", STATUS, nullable=False),
    Column("sha256", SHA256, ForeignKey("artifacts.sha256"), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("facts", JsonType, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("tenant", "sha256"),
    Index("ix_datasets_sha256", "sha256"),
    Index("ix_datasets_tenant_created_at_id", "tenant", "created_at", "id"),
)

tallies = Table(
    "tallies",
    metadata,
    Column("tally", String(40), primary_key=True),
    Column("labels", String(80), primary_key=True),
    Column("bound", Float, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("total", Float, nullable=False),
)

predictors = Table(
    "predictors",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("subject", JsonType, nullable=False),
    Column("subject_key", SHA256, nullable=False),
    Column("target", JsonType, nullable=False),
    Column("target_key", SHA256, nullable=False),
    Column("origin", STATUS, nullable=False),
    Column("birthplace", JsonType),
    Column("measured_count", Integer, nullable=False),
    Column("report", JsonType, nullable=False),
    Column("model", JsonType, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("tenant", "subject_key", "target_key"),
    Index("ix_predictors_tenant_created_at_id", "tenant", "created_at", "id"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("url", String(2000), nullable=False),
    Column("secret", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("failure", String(300)),
    Index("ix_webhooks_tenant", "tenant"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("webhook_id", ID, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("tenant", TENANT, nullable=False),
    Column("body", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at_s", Float, nullable=False),
    Index("ix_webhook_deliveries_due_at_s", "due_at_s"),
    Index("ix_webhook_deliveries_webhook_id", "webhook_id"),
)
