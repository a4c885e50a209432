-- The sample: teams that edit AI pipelines together.
--
-- A row that cannot live without another goes with it (cascade); a link that is only information is cleared
-- (set null).

BEGIN;

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    avatar_url text,
    preferences jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug text NOT NULL UNIQUE,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    name text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE team_members (
    team_id uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id)
);

CREATE TABLE pipelines (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    name text NOT NULL,
    description text,
    -- The file's own `version`; NULL where it has none.
    yaml_version text,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
    config jsonb NOT NULL DEFAULT '{}',
    defaults jsonb,
    authentication jsonb,
    tags text[],
    is_template boolean NOT NULL DEFAULT false,
    parent_pipeline_id uuid REFERENCES pipelines ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);

CREATE TABLE steps (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    pipeline_id uuid NOT NULL REFERENCES pipelines ON DELETE CASCADE,
    name text NOT NULL,
    type text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    config jsonb NOT NULL DEFAULT '{}',
    position_x double precision NOT NULL DEFAULT 0,
    position_y double precision NOT NULL DEFAULT 0,
    width double precision NOT NULL DEFAULT 200,
    height double precision NOT NULL DEFAULT 80,
    parent_step_id uuid REFERENCES steps ON DELETE SET NULL,
    order_index integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connections (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    pipeline_id uuid NOT NULL REFERENCES pipelines ON DELETE CASCADE,
    from_step_id uuid NOT NULL REFERENCES steps ON DELETE CASCADE,
    to_step_id uuid NOT NULL REFERENCES steps ON DELETE CASCADE,
    from_output text NOT NULL DEFAULT 'output',
    to_input text NOT NULL DEFAULT 'input',
    path_data jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (from_step_id, to_step_id, from_output, to_input)
);

CREATE TABLE pipeline_versions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    pipeline_id uuid NOT NULL REFERENCES pipelines ON DELETE CASCADE,
    version_number integer NOT NULL,
    pipeline_snapshot jsonb NOT NULL,
    steps_snapshot jsonb NOT NULL,
    connections_snapshot jsonb NOT NULL,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    change_summary text,
    UNIQUE (pipeline_id, version_number)
);

CREATE TABLE comments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    pipeline_id uuid NOT NULL REFERENCES pipelines ON DELETE CASCADE,
    step_id uuid REFERENCES steps ON DELETE SET NULL,
    user_id uuid REFERENCES users ON DELETE SET NULL,
    content text NOT NULL,
    resolved boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Foreign keys are followed downwards by cascades and includes.
CREATE INDEX ON teams (organization_id);
CREATE INDEX ON team_members (user_id);
CREATE INDEX ON pipelines (team_id);
CREATE INDEX ON pipelines (created_by);
CREATE INDEX ON pipelines (parent_pipeline_id);
CREATE INDEX ON steps (pipeline_id);
CREATE INDEX ON steps (parent_step_id);
CREATE INDEX ON connections (pipeline_id);
CREATE INDEX ON connections (to_step_id);
CREATE INDEX ON pipeline_versions (created_by);
CREATE INDEX ON comments (pipeline_id);
CREATE INDEX ON comments (step_id);
CREATE INDEX ON comments (user_id);

COMMIT;
