-- What was ordered without an account, by its address: who proves that address takes it over.
create index orders_of_guests on platform.orders (lower(email)) where user_id is null;
