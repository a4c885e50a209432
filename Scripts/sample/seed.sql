-- Ana and Ben, in one team. Running it again changes nothing.

BEGIN;

INSERT INTO organizations (id, name, slug) VALUES
    ('0a000000-0000-4000-8000-000000000001', 'Lakeside Research', 'lakeside')
ON CONFLICT DO NOTHING;

INSERT INTO teams (id, organization_id, name) VALUES
    ('0b000000-0000-4000-8000-000000000001', '0a000000-0000-4000-8000-000000000001', 'Pipelines')
ON CONFLICT DO NOTHING;

INSERT INTO users (id, email, name) VALUES
    ('0c000000-0000-4000-8000-000000000001', 'ana@example.org', 'Ana'),
    ('0c000000-0000-4000-8000-000000000002', 'ben@example.org', 'Ben')
ON CONFLICT DO NOTHING;

INSERT INTO team_members (team_id, user_id, role) VALUES
    ('0b000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000001', 'owner'),
    ('0b000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000002', 'member')
ON CONFLICT DO NOTHING;

COMMIT;
