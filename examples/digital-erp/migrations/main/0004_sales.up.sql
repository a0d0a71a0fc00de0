-- Leads, what was done about them, and the proposals that came of it.

CREATE TABLE sales_stages (
    code        varchar(50) PRIMARY KEY,
    position    smallint NOT NULL UNIQUE,
    name        varchar(100) NOT NULL,
    probability numeric(3,2) NOT NULL CHECK (probability BETWEEN 0 AND 1),
    is_closed   boolean NOT NULL DEFAULT false
);

INSERT INTO sales_stages (code, position, name, probability, is_closed) VALUES
    ('new', 1, 'New', 0.05, false),
    ('contacted', 2, 'Contacted', 0.15, false),
    ('qualified', 3, 'Qualified', 0.35, false),
    ('proposal', 4, 'Proposal sent', 0.55, false),
    ('negotiation', 5, 'Negotiation', 0.75, false),
    ('won', 6, 'Won', 1.00, true),
    ('lost', 7, 'Lost', 0.00, true);

CREATE TABLE sales_leads (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    lead_number  varchar(50) NOT NULL,
    company_name varchar(255),
    contact_name varchar(255) NOT NULL,
    email        email_address,
    phone        varchar(20),
    status       varchar(50) NOT NULL DEFAULT 'new' REFERENCES sales_stages (code) ON UPDATE CASCADE,
    value        numeric(12,2) CHECK (value >= 0),
    source       varchar(100),
    assigned_to  uuid REFERENCES users (id) ON DELETE SET NULL,
    created_by   uuid NOT NULL REFERENCES users (id),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sales_leads_number_key UNIQUE (lead_number)
);

CREATE INDEX sales_leads_status_idx ON sales_leads (status);
CREATE INDEX sales_leads_assigned_idx ON sales_leads (assigned_to) WHERE assigned_to IS NOT NULL;

CREATE TABLE sales_activities (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id     uuid NOT NULL REFERENCES sales_leads (id) ON DELETE CASCADE,
    kind        varchar(20) NOT NULL CHECK (kind IN ('call', 'email', 'meeting', 'demo')),
    happened_on date NOT NULL,
    summary     text NOT NULL,
    done_by     uuid REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX sales_activities_lead_idx ON sales_activities (lead_id, happened_on DESC);

CREATE TABLE sales_proposals (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    proposal_number varchar(50) NOT NULL,
    lead_id         uuid REFERENCES sales_leads (id) ON DELETE SET NULL,
    title           varchar(255) NOT NULL,
    amount          numeric(12,2) NOT NULL CHECK (amount > 0),
    status          varchar(50) NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'sent', 'accepted', 'rejected', 'expired')),
    valid_until     date,
    created_by      uuid NOT NULL REFERENCES users (id),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sales_proposals_number_key UNIQUE (proposal_number)
);

CREATE INDEX sales_proposals_lead_idx ON sales_proposals (lead_id);

CREATE TRIGGER sales_leads_updated_at BEFORE UPDATE ON sales_leads
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER sales_proposals_updated_at BEFORE UPDATE ON sales_proposals
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
