DROP TABLE sales_proposals;
DROP TABLE sales_activities;
DROP TABLE sales_leads;
DROP TABLE sales_stages;
