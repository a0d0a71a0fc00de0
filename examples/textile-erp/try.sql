select count(*) from inventory_items
